//! Help, usage and what stands on which stream.

use super::{Place, track};
use std::io::Read;
use std::process::Stdio;

/// Every command, subcommands included.
const COMMANDS: [&str; 20] = [
    "demo",
    "import",
    "report",
    "groups",
    "group",
    "user",
    "events",
    "group-type",
    "group-type list",
    "group-type declare",
    "group-type only-declared",
    "stats",
    "verify",
    "export",
    "backup",
    "compact",
    "delete",
    "delete user",
    "delete group",
    "expire",
];

#[test]
fn the_help_of_every_command_has_an_example() {
    let place = Place::new();
    for command in COMMANDS {
        let done = place.run(&format!("{command} --help"));
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "{command}");
        let example = done.out.rsplit("Example").next().unwrap();
        assert!(example.contains(&format!("trackcrumb {command}")), "{command}: {}", done.out);
        assert!(done.out.contains("--data <DIR>"), "{command}: {}", done.out);
    }
    let listed = place.run("--help").out;
    for command in COMMANDS.iter().filter(|command| !command.contains(' ')) {
        assert!(listed.contains(&format!("\n  {command} ")), "{command} is not listed");
    }
}

#[test]
fn wrong_usage_is_exit_2() {
    let place = Place::new();
    for arguments in ["", "import", "nonsense", "import a b", "groups --format xml t", "group-type only-declared maybe"]
    {
        let done = place.run(arguments);
        assert_eq!((done.code, done.out.as_str()), (Some(2), ""), "{arguments}");
        assert!(!done.err.is_empty(), "{arguments}");
    }
    let done = place.run("groups company --limit 0");
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("must be at least 1"), "{}", done.err);
}

/// A reader that goes away, such as `head`, is no error.
#[test]
fn a_closed_pipe_ends_quietly() {
    let place = Place::new();
    let lines: String = (0..5000).map(|i| track(&format!("user-{i}"), "e")).collect();
    place.pipe("import -", lines).expect_import(0, [5000, 0, 0, 0], "");
    let mut child = place.command(["export"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[test]
fn a_full_standard_output_is_an_error() {
    let place = Place::new();
    place.pipe("import -", track("u", "e"));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = place.command(["events"]).stdout(full).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.starts_with("error: cannot write to standard output: No space left on device"), "{err}");
}
