//! An import in the real program is killed at random moments (kill -9) and begun again, until it is done.

use super::random::Random;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use trackcrumb::StoreReader;

/// How many times a process is killed.
const KILLS: u32 = 25;
/// How many kills a store takes before its import may come to its end.
const KILLS_OF_A_STORE: u32 = 5;
const LINES: u64 = 40_000;

/// Lines of which many would be stored twice if anybody forgot how far the import got.
fn input() -> String {
    let mut random = Random::new(7);
    let mut text = String::new();
    for number in 0..LINES {
        let (user, time) = (random.below(500), 1_700_000_000_000 + number as i64);
        match random.below(10) {
            0 => writeln!(text, r#"{{"type":"identify","distinct_id":"u{user}","timestamp":{time},"add":{{"n":1}}}}"#),
            1 => writeln!(
                text,
                r#"{{"type":"group","distinct_id":"u{user}","group_type":"company","group_key":"k{}","timestamp":{time}}}"#,
                user % 7
            ),
            2 => writeln!(
                text,
                r#"{{"type":"track","distinct_id":"u{user}","event":"paid","timestamp":{time},"insert_id":"i{}"}}"#,
                number / 2
            ),
            _ => writeln!(
                text,
                r#"{{"type":"track","distinct_id":"u{user}","event":"opened","timestamp":{time},"groups":{{"company":"k{}"}},"properties":{{"n":{number}}}}}"#,
                user % 5
            ),
        }
        .unwrap();
    }
    text
}

fn command(name: &str, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trackcrumb"));
    command.arg(name).arg("--data").arg(data).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn begin_import(file: &Path, data: &Path) -> Child {
    command("import", data).arg(file).spawn().unwrap()
}

fn export(data: &Path) -> Vec<u8> {
    let output = command("export", data).stdout(Stdio::piped()).output().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// How many things are stored; 0 where there is no store yet.
fn stored(data: &Path) -> u64 {
    if !data.join("MANIFEST").exists() {
        return 0;
    }
    StoreReader::open(data).unwrap().snapshot().next_arrival().raw()
}

#[test]
fn t9_an_import_that_is_killed_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("lines");
    fs::write(&file, input()).unwrap();
    let undisturbed = directory.path().join("undisturbed");
    let start = Instant::now();
    assert!(begin_import(&file, &undisturbed).wait().unwrap().success());
    let duration = start.elapsed();
    let expected = export(&undisturbed);
    let all = stored(&undisturbed);
    assert!(all > LINES / 2 && expected.iter().filter(|byte| **byte == b'\n').count() as u64 == all);

    let mut random = Random::new(11);
    let mut kills = 0;
    let mut kills_midway = 0;
    for number in 0.. {
        if kills >= KILLS {
            break;
        }
        let data = directory.path().join(format!("killed-{number}"));
        let mut before = 0;
        for round in 0.. {
            let mut import = begin_import(&file, &data);
            if round < KILLS_OF_A_STORE && kills < KILLS {
                sleep(duration.mul_f64(random.below(1000) as f64 / 2000.0) + Duration::from_millis(1));
                import.kill().unwrap();
            }
            let status = import.wait().unwrap();
            let now = stored(&data);
            assert!(now >= before, "{before} things were stored, and {now} are after a kill");
            assert!(now <= all);
            kills_midway += u32::from(now > before && now < all);
            before = now;
            if status.success() {
                break;
            }
            assert_eq!(status.code(), None, "the import failed by itself");
            kills += 1;
        }
        assert!(export(&data) == expected, "store {number} holds something else");
        assert!(command("verify", &data).status().unwrap().success());
        fs::remove_dir_all(&data).unwrap();
    }
    assert!(kills_midway > 0, "no kill came between two chunks");
}
