//! The directory of the file system: what is read back, what is refused, and that nothing hangs.

use super::super::{DiskStorage, FileError, LockProbe, Storage};
use super::{disk, within_seconds, write};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

/// Every way to open by name.
fn open_in_every_way(storage: &dyn Storage, name: &str) -> Vec<FileError> {
    vec![
        storage.read(name).unwrap_err(),
        storage.map(name, 0).unwrap_err(),
        storage.file_len(name).unwrap_err(),
        storage.open_append(name).unwrap_err(),
        storage.probe_lock(name).unwrap_err(),
        match storage.lock(name).unwrap_err() {
            super::super::LockError::File(error) => error,
            held => panic!("{held}"),
        },
    ]
}

/// Whether the system lets us write in spite of the mode, as it lets root.
fn modes_are_ignored(directory: &Path) -> bool {
    let probe = directory.join("probe");
    let written = fs::write(&probe, b"").is_ok();
    let _ = fs::remove_file(probe);
    written
}

#[test]
fn what_is_appended_is_read_back() {
    let (_directory, storage) = disk();
    let file = storage.create("log").unwrap();
    file.append(b"hello ").unwrap();
    file.append(b"").unwrap();
    file.append(b"world").unwrap();
    file.sync("log").unwrap();
    storage.sync_dir("names").unwrap();
    assert_eq!(file.len().unwrap(), 11);
    assert_eq!(file.read_at(6, 3).unwrap(), b"wor");
    assert_eq!(file.read_at(6, usize::MAX).unwrap(), b"world", "memory is reserved for what is there");
    assert_eq!(file.read_at(11, 5).unwrap(), b"");
    assert_eq!(file.read_at(u64::MAX, 5).unwrap(), b"");
    assert_eq!(storage.read("log").unwrap(), "hello world");
    assert_eq!(storage.file_len("log").unwrap(), 11);

    let again = storage.open_append("log").unwrap();
    again.append(b"!").unwrap();
    assert_eq!(storage.map("log", 12).unwrap(), "hello world!");
    again.set_len(5).unwrap();
    again.append(b"?").unwrap();
    assert_eq!(storage.read("log").unwrap(), "hello?");
}

#[test]
fn appends_through_one_handle_do_not_mix() {
    let (_directory, storage) = disk();
    let file = storage.create("log").unwrap();
    std::thread::scope(|scope| {
        for byte in b"abcd" {
            let file = &file;
            scope.spawn(move || (0..50).for_each(|_| file.append(&[*byte; 100]).unwrap()));
        }
    });
    let content = storage.read("log").unwrap();
    assert_eq!(content.len(), 4 * 50 * 100);
    assert!(content.chunks(100).all(|chunk| chunk.iter().all(|byte| *byte == chunk[0])));
}

#[test]
fn a_mapping_outlives_the_file_and_empty_files_map() {
    let (_directory, storage) = disk();
    write(&storage, "segment", b"columns");
    write(&storage, "empty", b"");
    let mapped = storage.map("segment", 7).unwrap();
    storage.remove("segment").unwrap();
    assert_eq!(mapped, "columns");
    assert_eq!(storage.map("empty", 0).unwrap(), "");
}

#[test]
fn another_length_is_refused_before_mapping() {
    let (directory, storage) = disk();
    write(&storage, "segment", b"columns");
    let error = storage.map("segment", 8).unwrap_err();
    assert!(matches!(error, FileError::LengthDiffers { expected: 8, found: 7, .. }));
    let path = directory.path().join("segment").display().to_string();
    assert_eq!(
        error.to_string(),
        format!("`{path}` has 7 bytes where 8 are recorded; it is damaged: restore it from a backup")
    );
    // A file of a size no memory has is refused by its length, and not read either.
    let giant = fs::File::create(directory.path().join("giant")).unwrap();
    if giant.set_len(1 << 43).is_ok() {
        assert!(matches!(storage.map("giant", 7).unwrap_err(), FileError::LengthDiffers { .. }));
        assert_eq!(storage.file_len("giant").unwrap(), 1 << 43);
    }
}

#[test]
fn files_and_directories_are_for_their_owner_only() {
    let (directory, _storage) = disk();
    let path = directory.path().join("a/b/store");
    let storage = DiskStorage::create(&path).unwrap();
    write(&storage, "file", b"x");
    drop(storage.lock("LOCK").unwrap());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory.path().join("a")), 0o700);
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join("file")), 0o600);
    assert_eq!(mode(&path.join("LOCK")), 0o600);
    DiskStorage::create(&path).unwrap();
    assert_eq!(storage.list().unwrap(), ["LOCK", "file"], "creating again changes nothing");
}

#[test]
fn a_directory_that_is_none_is_refused() {
    let (directory, storage) = disk();
    write(&storage, "file", b"");
    let missing = DiskStorage::open(&directory.path().join("missing")).unwrap_err();
    assert!(missing.is_not_found());
    assert!(missing.to_string().ends_with("; check the path"), "{missing}");
    assert!(DiskStorage::open(&directory.path().join("file")).is_err());
    assert!(DiskStorage::create(&directory.path().join("file")).is_err());
    assert!(DiskStorage::create(&directory.path().join("file/below")).is_err());
}

#[test]
fn names_that_are_there_or_not() {
    let (_directory, storage) = disk();
    write(&storage, "b", b"");
    write(&storage, "a", b"a");
    assert_eq!(storage.list().unwrap(), ["a", "b"]);
    assert!(storage.exists("a").unwrap());
    assert!(!storage.exists("c").unwrap());
    assert!(matches!(storage.create("a").unwrap_err(), FileError::AlreadyExists { .. }));
    storage.rename("a", "b").unwrap();
    assert_eq!(storage.list().unwrap(), ["b"]);
    assert_eq!(storage.read("b").unwrap(), "a");
    storage.remove("b").unwrap();
    for error in [
        storage.read("a").unwrap_err(),
        storage.map("a", 0).unwrap_err(),
        storage.file_len("a").unwrap_err(),
        storage.open_append("a").unwrap_err(),
        storage.rename("a", "b").unwrap_err(),
        storage.remove("a").unwrap_err(),
    ] {
        assert!(error.is_not_found(), "{error}");
    }
}

#[test]
fn no_name_leads_out_of_the_directory() {
    let (_directory, storage) = disk();
    write(&storage, "a", b"");
    for name in ["../a", "/etc/hostname", "", ".", ".."] {
        let mut errors = open_in_every_way(&storage, name);
        errors.push(storage.exists(name).unwrap_err());
        errors.push(storage.create(name).unwrap_err());
        errors.push(storage.remove(name).unwrap_err());
        errors.push(storage.rename(name, "b").unwrap_err());
        errors.push(storage.rename("a", name).unwrap_err());
        for error in errors {
            assert!(matches!(error, FileError::NotAFileName { .. }), "{error}");
        }
    }
}

#[test]
fn what_is_not_a_plain_file_is_listed_but_refused_without_waiting() {
    let (directory, storage) = disk();
    let at = |name: &str| directory.path().join(name);
    write(&storage, "plain", b"content");
    fs::create_dir(at("directory")).unwrap();
    symlink(at("plain"), at("link")).unwrap();
    symlink(at("nowhere"), at("dangling")).unwrap();
    let _listener = UnixListener::bind(at("socket")).unwrap();
    let made = Command::new("mkfifo").arg(at("fifo")).status().unwrap();
    assert!(made.success());
    assert_eq!(storage.list().unwrap(), ["dangling", "directory", "fifo", "link", "plain", "socket"]);

    for (name, kind) in [
        ("directory", "directory"),
        ("link", "symbolic link"),
        ("dangling", "symbolic link"),
        ("socket", "socket"),
        ("fifo", "FIFO"),
    ] {
        assert!(storage.exists(name).unwrap());
        assert!(matches!(storage.create(name).unwrap_err(), FileError::AlreadyExists { .. }));
        let storage = storage.clone();
        for error in within_seconds(10, move || open_in_every_way(&storage, name)) {
            assert!(matches!(error, FileError::NotAPlainFile { found, .. } if found == kind), "{error}");
        }
    }
    assert!(!storage.exists("nowhere").unwrap(), "nothing was created through the link");
    assert_eq!(storage.read("plain").unwrap(), "content");
}

#[test]
fn a_fifo_put_there_between_asking_and_opening_does_not_hang() {
    let (directory, _storage) = disk();
    let path = directory.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    // What `plain::open` does once its first question is answered.
    within_seconds(10, move || {
        use std::os::unix::fs::OpenOptionsExt;
        let mut options = fs::OpenOptions::new();
        options.read(true).custom_flags(super::super::plain::OPEN_FLAGS).open(&path).unwrap();
        let link = path.with_extension("link");
        symlink(&path, &link).unwrap();
        options.open(&link).unwrap_err();
    });
}

#[test]
fn a_directory_without_write_permission_can_be_read_only() {
    let (directory, storage) = disk();
    write(&storage, "a", b"content");
    drop(storage.lock("LOCK").unwrap());
    fs::set_permissions(directory.path().join("LOCK"), Permissions::from_mode(0o400)).unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o500)).unwrap();

    assert_eq!(storage.list().unwrap(), ["LOCK", "a"]);
    assert_eq!(storage.read("a").unwrap(), "content");
    assert_eq!(storage.map("a", 7).unwrap(), "content");
    assert_eq!(storage.probe_lock("LOCK").unwrap(), LockProbe::Free);
    assert_eq!(storage.probe_lock("OTHER").unwrap(), LockProbe::Free);
    assert_eq!(storage.list().unwrap(), ["LOCK", "a"], "probing creates nothing");
    DiskStorage::create(directory.path()).unwrap();
    if !modes_are_ignored(directory.path()) {
        for error in
            [storage.create("b").unwrap_err(), storage.rename("a", "b").unwrap_err(), storage.remove("a").unwrap_err()]
        {
            assert!(error.is_read_only(), "{error}");
            assert!(error.to_string().contains("open the directory with write permission"), "{error}");
        }
        let refused = storage.lock("LOCK").unwrap_err();
        assert!(matches!(&refused, super::super::LockError::File(error) if error.is_read_only()), "{refused}");
    }
    fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
}
