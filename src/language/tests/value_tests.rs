//! What each operator means, for every type of value.

use super::super::{Filter, Op, Report, Test};
use super::{parsed, trends, value};

/// The test of a filter given as JSON.
#[track_caller]
fn test(op_and_value: &str) -> Test {
    let filter = format!(r#""filter":{{"property":"p",{op_and_value}}}"#);
    let Report::Trends(report) = parsed(&trends(&filter)) else { panic!("a trends report was expected") };
    let Some(Filter::Property(filter)) = report.scope.filter else { panic!("a property filter was expected") };
    filter.test
}

/// Checks which of these values pass. An absent one is written as nothing.
#[track_caller]
fn check(op_and_value: &str, passing: &[&str], failing: &[&str]) {
    let test = test(op_and_value);
    for (values, expected) in [(passing, true), (failing, false)] {
        for json in values {
            let value = (!json.is_empty()).then(|| value(json));
            assert_eq!(test.passes(value.as_ref()), expected, "{op_and_value} on {json:?}");
        }
    }
}

/// Checks a positive operator and that its negative is the exact complement.
#[track_caller]
fn check_with_complement(op: &str, negative: &str, value: &str, passing: &[&str], failing: &[&str]) {
    check(&format!(r#""op":"{op}"{value}"#), passing, failing);
    check(&format!(r#""op":"{negative}"{value}"#), failing, passing);
}

#[test]
fn is_compares_whole_values_and_never_a_number_with_a_string() {
    check_with_complement(
        "is",
        "is_not",
        r#","value":["US",1,true]"#,
        &["\"US\"", "1", "1.0", "1e0", "true", "[\"DE\",\"US\"]", "[[1]]"],
        &["", "null", "\"us\"", "\"1\"", "\"true\"", "false", "0", "[]", "[null]", "{\"US\":1}", "[{\"US\":1}]"],
    );
}

#[test]
fn is_is_exact_where_doubles_round() {
    check(r#""op":"is","value":9007199254740993"#, &["9007199254740993"], &["9007199254740992", "9007199254740993.5"]);
    check(r#""op":"is","value":18446744073709551615"#, &["18446744073709551615"], &["18446744073709551614"]);
    check(r#""op":"is","value":1e300"#, &["1e300"], &["1e299"]);
}

#[test]
fn one_value_is_a_list_of_one_and_many_are_looked_up_alike() {
    assert_eq!(test(r#""op":"is","value":"US""#), test(r#""op":"is","value":["US"]"#));
    check_with_complement(
        "is",
        "is_not",
        r#","value":[1,2,3,4,5,6,7,8,9,"a"]"#,
        &["7", "7.0", "\"a\"", "[0,9]"],
        &["", "10", "\"7\"", "[]", "true"],
    );
}

#[test]
fn an_empty_list_matches_nothing_so_its_complement_everything() {
    for (op, negative) in [("is", "is_not"), ("contains", "not_contains")] {
        check_with_complement(op, negative, r#","value":[]"#, &[], &["", "1", "\"\"", "[]", "{}"]);
    }
    for op in ["matches", "gt", "gte", "lt", "lte"] {
        check(&format!(r#""op":"{op}","value":[]"#), &[], &["", "1", "\"a\""]);
    }
}

#[test]
fn contains_looks_into_strings_case_sensitively() {
    check_with_complement(
        "contains",
        "not_contains",
        r#","value":["gmail","Ü"]"#,
        &["\"a@gmail.com\"", "\"Über\"", "[1,\"gmail\"]"],
        &["", "\"GMAIL\"", "\"über\"", "1", "{\"gmail\":1}", "[]"],
    );
    check(r#""op":"contains","value":"""#, &["\"\"", "\"a\""], &["1", ""]);
}

#[test]
fn matches_is_unanchored_unless_the_expression_says_so() {
    check(r#""op":"matches","value":["b+"]"#, &["\"abc\"", "[\"x\",\"b\"]"], &["\"ac\"", "\"B\"", "5", ""]);
    check(r#""op":"matches","value":["^a$","(?i)x"]"#, &["\"a\"", "\"X\""], &["\"ab\"", "null"]);
    check(r#""op":"matches","value":"5""#, &["\"15\""], &["5", "15"]);
}

#[test]
fn order_is_among_numbers_or_among_strings_by_bytes() {
    check(r#""op":"gt","value":5"#, &["5.5", "6", "[1,6]"], &["5", "4", "\"6\"", "", "null", "true", "{}", "[]"]);
    check(r#""op":"gte","value":5"#, &["5", "5.0", "6"], &["4.9", "\"5\"", ""]);
    check(r#""op":"lt","value":5"#, &["4", "-1e300"], &["5", "\"4\"", "", "false", "null"]);
    check(r#""op":"lte","value":5"#, &["5", "4"], &["5.1", ""]);
    check(r#""op":"gte","value":"2026-01-01""#, &["\"2026-01-01\"", "\"2026-01-01T00\""], &["\"2025-12-31\"", "2027"]);
    check(r#""op":"lt","value":"a""#, &["\"Z\"", "\"\""], &["\"ä\"", "\"b\""]);
    check(r#""op":"gt","value":[10,"m"]"#, &["11", "\"z\""], &["9", "\"a\""]);
    check(r#""op":"gt","value":true"#, &[], &["true", "false", "1", "\"z\""]);
    check(r#""op":"gt","value":9007199254740992"#, &["9007199254740993"], &["9007199254740992"]);
}

#[test]
fn set_asks_only_whether_there_is_a_value() {
    check_with_complement("set", "not_set", "", &["0", "false", "\"\"", "[]", "{}", "[null]"], &["", "null"]);
}

#[test]
fn a_builders_test_is_a_documents_test() {
    assert_eq!(Test::new(Op::Is, ["US", "DE"]), test(r#""op":"is","value":["US","DE"]"#));
    assert_eq!(Test::new(Op::Gt, 5), test(r#""op":"gt","value":5.0"#));
    assert_eq!(Test::new(Op::Is, 0.5), test(r#""op":"is","value":0.5"#));
    assert_eq!(Test::new(Op::Is, vec![true]), test(r#""op":"is","value":true"#));
    assert!(Test::new(Op::Matches, "^a").passes(Some(&value("\"abc\""))));
    assert!(!Test::new(Op::Matches, "(").passes(Some(&value("\"(\""))), "a bad one matches nothing until refused");
}
