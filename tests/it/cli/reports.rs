//! Reports and pages on the command line: documents, names that are not there, and the forms of answers.

use super::{Place, track};

fn filled() -> Place {
    let place = Place::new();
    let line = |user: &str, event: &str, day: &str, company: &str| {
        format!(
            r#"{{"type":"track","distinct_id":"{user}","event":"{event}","timestamp":"2026-01-{day}T10:00:00Z","groups":{{"company":"{company}"}},"properties":{{"plan":"=1+1"}}}}"#
        )
    };
    let lines = [
        line("ann", "signed_up", "05", "acme"),
        line("bob", "signed_up", "06", "acme"),
        line("ann", "paid", "07", "acme"),
        line("cid", "signed_up", "13", "=cmd"),
    ];
    place.pipe("import -", lines.join("\n")).expect_import(0, [4, 0, 0, 0], "");
    place
}

const TRENDS: &str =
    r#"{"report":"trends","from":"2026-01-05","to":"2026-01-19","interval":"week","series":[{"event":"signed_up"}]}"#;

#[test]
fn an_explanation_says_what_was_read_instead_of_the_answer() {
    let place = filled();
    let told = place.pipe("report --explain --format table -", TRENDS);
    assert_eq!(told.code, Some(0));
    assert!(told.out.starts_with("4 events in 1 segment, "), "{}", told.out);
    let line = told.out.lines().find(|line| line.contains("series `signed_up`")).unwrap();
    assert!(
        line.contains("1 table by the index of days, 3 bitmaps") && line.contains("1 table of other events"),
        "{line}"
    );
}

#[test]
fn a_report_may_be_limited_in_time_and_memory() {
    let place = filled();
    let answer = place.pipe("report -", TRENDS);
    let limited = place.pipe("report --time-limit 600 --memory-limit 64 -", TRENDS);
    assert_eq!((limited.code, limited.out), (Some(0), answer.out));
    for (limit, sentence) in [
        ("--time-limit 0", "the report takes longer than the 0 seconds that it may; ask for a shorter range"),
        ("--memory-limit 0", "the report needs more than the 0 bytes of memory that it may use; ask for"),
        ("--explain --time-limit 0", "the report takes longer than"),
    ] {
        let refused = place.pipe(&format!("report {limit} -"), TRENDS);
        assert_eq!(refused.code, Some(1));
        assert!(refused.out.is_empty() && refused.err.contains(sentence), "{limit}: {}", refused.err);
    }
}

#[test]
fn an_answer_has_four_forms() {
    let place = filled();
    place.pipe("report -", TRENDS).expect(
        0,
        "{\"buckets\":[\"2026-01-05T00:00:00Z\",\"2026-01-12T00:00:00Z\"],\
         \"series\":[{\"label\":\"signed_up\",\"breakdown\":[],\"values\":[2,1],\"total\":3}],\
         \"coverage\":{\"matched\":3,\"without_group\":0}}\n",
        "",
    );
    place.pipe("report --format csv -", TRENDS).expect(
        0,
        "label,bucket,value\r\nsigned_up,2026-01-05T00:00:00Z,2\r\nsigned_up,2026-01-12T00:00:00Z,1\r\n",
        "",
    );
    place.pipe("report --format ndjson -", TRENDS).expect(
        0,
        "{\"bucket\":\"2026-01-05T00:00:00Z\",\"label\":\"signed_up\",\"value\":2}\n\
         {\"bucket\":\"2026-01-12T00:00:00Z\",\"label\":\"signed_up\",\"value\":1}\n",
        "",
    );
    let table = place.pipe("report --format table -", TRENDS);
    assert_eq!(table.code, Some(0));
    assert!(table.out.starts_with("Trends, counted by users\n\n week of      signed_up\n"), "{}", table.out);
    assert!(table.out.ends_with("\n3 events matched.\n"), "{}", table.out);
    assert!(!table.out.contains('\u{1b}'), "no colours where no terminal is");
}

#[test]
fn every_kind_of_report_has_a_table() {
    let place = filled();
    let scope = r#""from":"2026-01-05","to":"2026-01-19","count_by":{"group":"company"}"#;
    for (fields, words) in [
        (r#""report":"funnel","steps":["signed_up","paid"]"#, ["Funnel, counted by `company`", " 50.0%"]),
        (
            r#""report":"funnel","steps":["signed_up","paid"],"breakdown":[{"property":"plan"}],"interval":"week""#,
            ["\n=1+1\n step", "\n 2026-01-05             1       1"],
        ),
        (
            r#""report":"retention","start":"signed_up","interval":"week","periods":2"#,
            ["Retention, counted by `company`", " 100%"],
        ),
        (r#""report":"cohort","where":{"did":"paid"}"#, ["Cohort, counted by `company`", "1 in all\n\n  acme\n"]),
    ] {
        let done = place.pipe("report --format table -", format!("{{{fields},{scope}}}"));
        assert_eq!(done.code, Some(0), "{done:?}");
        for word in words {
            assert!(done.out.contains(word), "{word} is not in {}", done.out);
        }
    }
}

#[test]
fn documents_that_are_wrong() {
    let place = filled();
    place
        .pipe("report -", TRENDS.replace("series", "serie"))
        .expect_error(1, "unknown field `serie`; did you mean `series`?");
    place
        .pipe("report -", TRENDS.replace("\"from\"", "\"count_by\":{\"group\":\"compnay\"},\"from\""))
        .expect_error(1, "there is no group type `compnay`; did you mean `company`?");
    place
        .pipe("report -", r#"{"report":"cohort","where":{"cohort":"lost"}}"#)
        .expect_error(1, "there is no cohort `lost`; check its spelling");
    place
        .pipe("report -", b"\xff")
        .expect_error(1, "the byte at offset 0 of standard input is not UTF-8; write the document as UTF-8");
    place
        .run("report missing.json")
        .expect_error(1, "cannot read `missing.json`: No such file or directory (os error 2); check the path");
    let done = place.pipe("report -", "{");
    assert_eq!((done.code, done.out.as_str()), (Some(1), ""));
}

#[test]
fn pages_of_what_is_not_there() {
    let place = filled();
    place.run("user anna").expect_error(1, "there is no user `anna`; did you mean `ann`?");
    place.run("group company acm").expect_error(1, "there is no key `acm`; did you mean `acme` or `=cmd`?");
    place.run("group planet mars").expect_error(1, "there is no group type `planet`; check its spelling");
    place.run("events --name signup").expect_error(1, "there is no event `signup`; did you mean `signed_up`?");
    place
        .run("groups company --cursor nonsense")
        .expect_error(1, "`nonsense` is no cursor of this list; pass the `next_cursor` of the page before");
}

#[test]
fn no_cell_of_a_csv_is_a_formula() {
    let place = filled();
    let groups = place.run("groups company --format csv");
    assert!(groups.out.contains("\r\ncompany,'=cmd,"), "{}", groups.out);
    let document = TRENDS.replace("\"interval\"", "\"breakdown\":[{\"property\":\"plan\"}],\"interval\"");
    let answer = place.pipe("report --format csv -", document);
    assert!(answer.out.contains("\r\nsigned_up,'=1+1,false,"), "{}", answer.out);
}

#[test]
fn a_cohort_is_saved_with_its_definition_alone() {
    let place = filled();
    let saved = r#"{"report":"cohort","where":{"did":"paid"},"save_as":"payers","limit":1}"#;
    let answer = place.pipe("report -", saved).json(0);
    assert_eq!((answer["size"].as_u64(), &answer["members"][0]), (Some(1), &"ann".into()));
    let exported = place.run("export").out;
    let line = r#"{"type":"cohort","name":"payers","report":{"report":"cohort","where":{"did":"paid"}}}"#;
    assert_eq!(exported.lines().last(), Some(line));
}

#[test]
fn group_types_are_declared_with_a_name() {
    let place = Place::new();
    place.run("group-type declare company").expect(0, "", "");
    place.run("group-type declare company --name Companies").expect(0, "", "");
    place.run("group-type list").expect(
        0,
        "{\"types\":[{\"type\":\"company\",\"name\":\"Companies\",\"declared\":true,\"keys\":0}],\
         \"only_declared\":false}\n",
        "",
    );
    let done = place.command(["group-type", "declare", " "]).spawn().unwrap();
    super::Done::of(done).expect_error(1, "`name` is blank; give it a name of 1 to 400 bytes");
    let long = "x".repeat(101);
    place
        .run(&format!("group-type declare {long} --name x"))
        .expect_error(1, "`group_type` has 101 bytes; at most 100 are allowed");
}

/// The bytes at the end of a log that a killed process left half written.
#[test]
fn a_torn_tail_is_told_by_readers_and_writers() {
    let place = Place::new();
    let mut child = place.command(["import", "-"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
    let lines: String = (0..6000).map(|i| track(&format!("user-{i}"), "e")).collect();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), lines.as_bytes()).unwrap();
    while place.run("events").code != Some(0) || place.events() < 5000 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let log = place.path("trackcrumb-data/log-00000001");
    let mut bytes = std::fs::read(&log).unwrap();
    bytes.extend(b"half a frame");
    std::fs::write(&log, bytes).unwrap();
    let note = "note: the store was not closed; 12 B of an unfinished batch at the end of its log, never acknowledged, \
                are left out\n";
    assert_eq!(place.run("events").err, note);
    assert_eq!(place.events(), 5000);
    let done = place.pipe("import -", &lines);
    assert_eq!(
        done.err,
        format!("{note}note: continued after line 5,000, where an earlier import of the same input ended\n")
    );
    assert_eq!(place.events(), 6000);
}
