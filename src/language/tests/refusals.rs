//! The exact sentences of refused documents.

use super::{cohort, refused, trends, trends_of};

#[track_caller]
fn refused_funnel(fields: &str, expected: &str) {
    refused(&format!(r#"{{"report":"funnel","from":"-30d","to":"now",{fields}}}"#), expected);
}

#[track_caller]
fn refused_filter(filter: &str, expected: &str) {
    refused(&trends(&format!(r#""filter":{filter}"#)), expected);
}

#[track_caller]
fn refused_cohort(condition: &str, expected: &str) {
    refused(&cohort(condition), expected);
}

#[test]
fn a_document_is_an_object_that_says_which_report_it_is() {
    refused("[]", "must be an object, not a list");
    refused("", "the document is not valid JSON: EOF while parsing a value at line 1 column 0");
    let kinds = r#""trends", "funnel", "retention", "cohort", "stickiness", "lifecycle", "paths""#;
    refused("{}", &format!("`report` is missing; give one of {kinds}"));
    refused(r#"{"repport":"trends"}"#, "unknown field `repport`; did you mean `report`?");
    refused(r#"{"report":"trend"}"#, "`report`: `trend` is not known; did you mean `trends`?");
    refused(r#"{"report":5}"#, &format!("`report`: must be one of {kinds}, not a number"));
    refused(
        r#"{"report":"pie"}"#,
        "`report`: `pie` is not known; use `trends`, `funnel`, `retention`, `cohort`, `stickiness`, `lifecycle` or \
         `paths`",
    );
}

#[test]
fn unknown_fields_are_named_with_the_nearest_known() {
    refused(&trends(r#""intervall":"day""#), "unknown field `intervall`; did you mean `interval`?");
    refused(
        &trends_of(r#"{"event":{"event":"a","fliter":{}}}"#),
        "`series[0].event`: unknown field `fliter`; did you mean `filter`?",
    );
    refused(
        &trends_of(r#"{"event":"a","colour":1}"#),
        "`series[0]`: unknown field `colour`; use `event`, `measure` or `label`",
    );
    refused_filter(r#"{"property":"p","op":"set","off":"user"}"#, "`filter`: unknown field `off`; did you mean `of`?");
    refused_filter(r#"{"propert":"p","op":"set"}"#, "`filter`: unknown field `propert`; did you mean `property`?");
    refused_cohort(r#"{"did":"a","time":{"gte":1}}"#, "`where`: unknown field `time`; did you mean `times`?");
    refused_cohort(
        r#"{"first_did":"a","times":{"gte":1}}"#,
        "`where`: unknown field `times`; use `first_did`, `from` or `to`",
    );
    refused(
        r#"{"report":"cohort","where":{"did":"a"},"unit":{}}"#,
        "unknown field `unit`; use `report`, `from`, `to`, `timezone`, `now`, `count_by`, `filter`, `where`, \
         `save_as`, `limit` or `cursor`",
    );
}

#[test]
fn missing_fields_are_named_with_what_they_hold() {
    refused(
        r#"{"report":"trends","to":"now","series":[]}"#,
        "`from` is missing; give a time such as \"2026-01-01\", \"-30d\" or \"now\"",
    );
    refused(
        r#"{"report":"trends","from":"-1d","to":null,"series":[]}"#,
        "`to` is missing; give a time such as \"2026-01-01\", \"-30d\" or \"now\"",
    );
    refused(
        r#"{"report":"trends","from":"-1d","to":"now"}"#,
        "`series` is missing; give a list such as [{\"event\":\"feature_used\"}]",
    );
    refused(
        r#"{"report":"retention","from":"-1d","to":"now"}"#,
        "`start` is missing; give the event by which units start",
    );
    refused(
        r#"{"report":"lifecycle","from":"-1d","to":"now"}"#,
        "`event` is missing; give the event by which units are active",
    );
    refused(r#"{"report":"cohort"}"#, "`where` is missing; give a condition such as {\"did\":\"feature_used\"}");
}

#[test]
fn a_field_given_twice_is_refused() {
    refused(&trends(r#""limit":1,"limit":1"#), "the field `limit` is given twice; keep one");
    refused(&trends_of(r#"{"event":"a","event":"b"}"#), "`series[0]`: the field `event` is given twice; keep one");
}

#[test]
fn documents_that_nest_too_deep_are_refused() {
    let nested =
        |levels: usize| format!(r#""filter":{}{{"all":[]}}{}"#, r#"{"not":"#.repeat(levels), "}".repeat(levels));
    super::parsed(&trends(&nested(60)));
    for levels in [63, 1000] {
        let error = super::Report::parse(&trends(&nested(levels))).unwrap_err();
        assert!(error.to_string().ends_with("is nested more than 64 levels deep; simplify it"), "{error}");
    }
}

#[test]
fn wrong_types_are_named() {
    refused(&trends(r#""timezone":1"#), "`timezone`: must be a time zone name such as \"Europe/Berlin\", not a number");
    refused(
        &trends(r#""now":1767225600000"#),
        "`now`: must be a time such as \"2026-01-01\" or \"-30d\", not a number",
    );
    refused(&trends(r#""cumulative":"yes""#), "`cumulative`: must be true or false, not a string");
    refused(&trends(r#""limit":"5""#), "`limit`: must be a whole number, not a string");
    refused(&trends(r#""limit":2.5"#), "`limit`: 2.5 is not allowed here; give a whole number of at least 1");
    refused(
        &trends(r#""interval":["day"]"#),
        "`interval`: must be one of \"hour\", \"day\", \"week\", \"month\", not a list",
    );
    refused(&trends(r#""rank_by":"value""#), "`rank_by`: `value` is not known; use `events` or `total`");
    refused(&trends(r#""interval":"year""#), "`interval`: `year` is not known; use `hour`, `day`, `week` or `month`");
    refused(&trends(r#""week_start":"Sunday""#), "`week_start`: `Sunday` is not known; did you mean `sunday`?");
    refused(&trends(r#""count_by":"user""#), "`count_by`: `user` is not known; did you mean `users`?");
    refused(&trends(r#""count_by":"company""#), "`count_by`: `company` is not known; use `users` or `{\"group\":…}`");
    refused(
        &trends(r#""count_by":{"group":""}"#),
        "`count_by.group`: `group_type` is blank; give it a name of 1 to 100 bytes",
    );
    refused(
        &trends(r#""timezone":"Mars/Base""#),
        "`timezone`: `Mars/Base` is no IANA time zone; use one such as `Europe/Berlin` or `UTC`",
    );
}

#[test]
fn matchers_name_events() {
    let check = |event: &str, expected: &str| refused(&trends_of(&format!(r#"{{"event":{event}}}"#)), expected);
    check("[]", "`series[0].event`: the list names no event; name at least one, or write \"*\" for any event");
    check(
        r#"["a","*"]"#,
        "`series[0].event[1]`: \"*\" stands alone for any event; take it out of the list, or write only \"*\"",
    );
    check(r#""""#, "`series[0].event`: `event` is blank; give it a name of 1 to 200 bytes");
    check("[1]", "`series[0].event[0]`: must be an event name, not a number");
    check(
        "true",
        "`series[0].event`: must be an event name, a list of names, or \"*\" for any event, not true or false",
    );
    check(
        r#"{"filter":{"all":[]}}"#,
        "`series[0].event`: `event` is missing; give an event name, a list of names, or \"*\" for any event",
    );
    check(
        r#"{"event":{"event":"a"}}"#,
        "`series[0].event.event`: must be an event name, a list of names, or \"*\" for any event, not an object",
    );
}

#[test]
fn filters_say_what_they_test() {
    refused_filter(
        "{}",
        "`filter`: is not a filter such as {\"property\":\"country\",\"op\":\"is\",\"value\":\"US\"}; it needs one \
         of the fields `property`, `group`, `cohort`, `all`, `any`, `not`",
    );
    refused_filter(
        "[]",
        "`filter`: must be a filter such as {\"property\":\"country\",\"op\":\"is\",\"value\":\"US\"}, not a list",
    );
    refused_filter(
        r#"{"all":[],"any":[]}"#,
        "`filter`: `all` and `any` cannot stand in one object; combine them with {\"all\":[…]} or {\"any\":[…]}",
    );
    refused_filter(r#"{"property":"p"}"#, "`filter`: `op` is missing; give an operator such as \"is\"");
    refused_filter(
        r#"{"property":"p","op":"equals","value":1}"#,
        "`filter.op`: `equals` is not known; use `is`, `is_not`, `contains`, `not_contains`, `matches`, `gt`, `gte`, \
         `lt`, `lte`, `set` or `not_set`",
    );
    refused_filter(
        r#"{"property":"p","op":"is"}"#,
        "`filter`: `value` is missing; give the value, or list of values, to compare with",
    );
    refused_filter(r#"{"property":"p","op":"set","value":1}"#, "`filter.value`: `set` takes no `value`; leave it out");
    refused_filter(
        r#"{"property":"p","op":"not_set","value":null}"#,
        "`filter.value`: `not_set` takes no `value`; leave it out",
    );
    let expected = "must be a string, a number, true or false, or a list of these, not";
    refused_filter(r#"{"property":"p","op":"is","value":null}"#, &format!("`filter.value`: {expected} null"));
    refused_filter(r#"{"property":"p","op":"is","value":["a",null]}"#, &format!("`filter.value[1]`: {expected} null"));
    refused_filter(r#"{"property":"p","op":"is","value":[[1]]}"#, &format!("`filter.value[0]`: {expected} a list"));
    refused_filter(r#"{"property":"p","op":"gt","value":{"a":1}}"#, &format!("`filter.value`: {expected} an object"));
    refused_filter(
        r#"{"property":"p","op":"contains","value":5}"#,
        "`filter.value`: must be a string, as `contains` compares strings, not a number",
    );
    refused_filter(
        r#"{"property":"p","op":"set","as_of":"event"}"#,
        "`filter.as_of`: the event's own properties never change; leave `as_of` out, or say whose property it is in \
         `of`",
    );
    refused_filter(
        r#"{"property":"p","op":"set","of":"company"}"#,
        "`filter.of`: must be \"event\", \"user\" or {\"group\":…}, not a string",
    );
    refused_filter(r#"{"property":1,"op":"set"}"#, "`filter.property`: must be the name of a property, not a number");
    refused_filter(r#"{"group":"company"}"#, "`filter`: `key` is missing; give a list of keys of the group type");
    refused_filter(r#"{"group":"company","key":[5]}"#, "`filter.key[0]`: must be a group key, not a number");
    refused_filter(r#"{"cohort":" "}"#, "`filter.cohort`: is blank; give the cohort's name, of 1 to 400 bytes");
    refused_filter(
        r#"{"not":{"any":[{"cohort":1}]}}"#,
        "`filter.not.any[0].cohort`: must be the name of a cohort, not a number",
    );
}

#[test]
fn bad_expressions_show_where() {
    let check = |pattern: &str, expected: &str| {
        let json = serde_json::to_string(pattern).unwrap();
        refused_filter(
            &format!(r#"{{"property":"p","op":"matches","value":["ok",{json}]}}"#),
            &format!("`filter.value[1]`: {expected}"),
        );
    };
    check("a(", "`a(` is no regular expression: unclosed group at character 2");
    check("^[a-z", "`^[a-z` is no regular expression: unclosed character class at character 2");
    check("ü+(?<x>", "`ü+(?<x>` is no regular expression: unclosed group at character 3");
    check("*", "`*` is no regular expression: repetition operator missing expression at character 1");
    check("  a(", "`  a(` is no regular expression: unclosed group at character 4");
    check("a{1000000}", "the regular expression `a{1000000}` is too large; simplify it");
    check("(?x)a\n+(", "`(?x)a\n+(` is no regular expression: unclosed group at character 2 of line 2");
    check("1: (", "`1: (` is no regular expression: unclosed group at character 4");
}

#[test]
fn measures_name_their_property() {
    let check = |measure: &str, expected: &str| {
        refused(
            &trends_of(&format!(r#"{{"event":"a","measure":{measure}}}"#)),
            &format!("`series[0].measure{expected}"),
        );
    };
    check(r#""sum""#, "`: `sum` needs to know of what; write {\"sum\":\"price\"}");
    check(r#""percentile""#, "`: `percentile` needs to know of what; write {\"percentile\":[\"price\",0.9]}");
    check(r#""uniqe""#, "`: `uniqe` is not known; did you mean `unique`?");
    check(
        r#"{"median":"p"}"#,
        "`: is not a measure such as \"unique\" or {\"sum\":\"price\"}; it needs one of the fields `sum`, `avg`, \
         `min`, `max`, `percentile`, `active`",
    );
    check(r#"{"sum":1}"#, ".sum`: must be the name of a property, not a number");
    check(r#"{"sum":"a","avg":"a"}"#, "`: `sum` and `avg` cannot stand in one object; keep one of them");
    check(r#"{"percentile":["p"]}"#, ".percentile`: must hold a property and a rank, such as [\"price\",0.9]");
    check(r#"{"percentile":["p","0.9"]}"#, ".percentile[1]`: must be a number from 0 to 1, not a string");
    check(r#"{"percentile":["p",90]}"#, ".percentile[1]`: 90 is not allowed here; give a number from 0 to 1");
    check(
        r#"{"active":"30m"}"#,
        ".active`: `30m` is no length of time here; write a whole number and one of `h`, `d`, `w`, such as `7d`",
    );
    check(r#"{"active":"0d"}"#, ".active`: `0d` is too short; a length of time is at least `1d`");
}

#[test]
fn trends_refuse_what_does_not_go_together() {
    refused(&trends_of(""), "`series`: is empty; give at least one series");
    refused(
        &trends_of(r#""a""#),
        "`series[0]`: must be a series such as {\"event\":\"feature_used\",\"measure\":\"unique\"}, not a string",
    );
    refused(
        &trends(r#""breakdown":[{"group":"a"},{"group":"b"},{"group":"c"},{"group":"d"}]"#),
        "`breakdown`: has 4 breakdowns; at most 3 are allowed",
    );
    refused(
        &trends(r#""breakdown":{"group":"a"}"#),
        "`breakdown`: must be a list such as [{\"property\":\"country\"}], not an object",
    );
    refused(&trends(r#""limit":0"#), "`limit`: 0 is not allowed here; give a whole number of at least 1");
    refused(&trends(r#""compare":"last_year""#), "`compare`: `last_year` is not known; use `previous`");
    refused(&trends(r#""formula":"A / B""#), "`formula`: `B` names no series; there is only one, `A`");
    refused(
        &trends_of(r#"{"event":"a","measure":{"active":"7d"}}"#).replace("\"from\"", r#""cumulative":true,"from""#),
        "`cumulative`: does not go with `active`, which has a window of its own; leave one of them out",
    );
}

#[test]
fn property_series_refuse_what_is_about_events() {
    let series = r#"{"property_of":{"group":"company"},"measure":{"sum":"mrr"}}"#;
    let json = trends_of(&format!(r#"{{"event":"a"}},{series}"#));
    for field in [
        r#""count_by":"users""#,
        r#""filter":{"cohort":"c"}"#,
        r#""cumulative":true"#,
        r#""breakdown":[{"group":"g"}]"#,
    ] {
        let name = field.split('"').nth(1).unwrap();
        refused(
            &json.replace("\"from\"", &format!("{field},\"from\"")),
            &format!("`{name}`: does not apply beside a `property_of` series, which sees no events; leave it out"),
        );
    }
    super::parsed(
        &json.replace("\"from\"", r#""cumulative":false,"breakdown":[],"compare":"previous","formula":"A / B","from""#),
    );
    let check = |series: &str, expected: &str| refused(&trends_of(series), expected);
    check(
        r#"{"property_of":"user","property":"age"}"#,
        "`series[0]`: `agg` is missing; give \"sum\", \"avg\" or \"count_by_value\"",
    );
    check(r#"{"property_of":"user","agg":"sum"}"#, "`series[0]`: `property` is missing; give the name of a property");
    check(
        r#"{"property_of":"user","property":"age","agg":"sum","measure":{"sum":"age"}}"#,
        "`series[0].agg`: stands beside `measure`, which says the same; keep one of them",
    );
    check(r#"{"property_of":"user"}"#, "`series[0]`: `measure` is missing; give a measure such as {\"sum\":\"seats\"}");
    check(
        r#"{"property_of":"company","measure":{"sum":"x"}}"#,
        "`series[0].property_of`: must be \"user\" or {\"group\":…}, not a string",
    );
    check(
        r#"{"property_of":"user","measure":{"max":"x"}}"#,
        "`series[0].measure`: is not a measure of properties such as {\"sum\":\"seats\"}; it needs one of the fields \
         `sum`, `avg`, `count_by_value`",
    );
    check(
        r#"{"property_of":"user","measure":"sum"}"#,
        "`series[0].measure`: `sum` needs to know of what; write {\"sum\":\"price\"}",
    );
    check(
        r#"{"property_of":"user","property":"x","agg":"total"}"#,
        "`series[0].agg`: `total` is not known; use `sum`, `avg` or `count_by_value`",
    );
    check(
        r#"{"event":"a","property_of":"user"}"#,
        "`series[0]`: `event` and `property_of` cannot stand in one object; keep one of them",
    );
    let by_value = r#"{"property_of":"user","measure":{"count_by_value":"plan"}}"#;
    refused(
        &trends_of(by_value).replace("\"from\"", r#""formula":"A * 2","from""#),
        "`formula`: cannot use a `count_by_value` series, which is one series per value",
    );
}

#[test]
fn funnels_have_two_to_twenty_steps_and_sensible_exclusions() {
    let steps = |count: usize| format!(r#""steps":[{}]"#, vec!["\"a\""; count].join(","));
    refused_funnel(&steps(0), "`steps`: has 0 steps; a funnel has 2 to 20");
    refused_funnel(&steps(1), "`steps`: has 1 step; a funnel has 2 to 20");
    refused_funnel(&steps(21), "`steps`: has 21 steps; a funnel has 2 to 20");
    super::parsed(&format!(r#"{{"report":"funnel","from":"-1d","to":"now",{}}}"#, steps(20)));
    let three = steps(3);
    let check = |fields: &str, expected: &str| refused_funnel(&format!("{three},{fields}"), expected);
    check(
        r#""exclude":[{"event":"x","from":2,"to":2}]"#,
        "`exclude[0]`: `from` is step 2 and `to` step 2; `from` must come before `to`",
    );
    check(
        r#""exclude":[{"event":"x","from":3}]"#,
        "`exclude[0].from`: 3 is not allowed here; give a whole number from 1 to 2",
    );
    check(
        r#""exclude":[{"event":"x","to":4}]"#,
        "`exclude[0].to`: 4 is not allowed here; give a whole number from 2 to 3",
    );
    check(r#""exclude":["x"]"#, "`exclude[0]`: must be an object, not a string");
    check(
        r#""order":"any","exclude":[{"event":"x"}]"#,
        "`exclude`: steps in any order have nothing between them; leave `exclude` out, or order the steps",
    );
    check(
        r#""window":"7""#,
        "`window`: `7` is no length of time here; write a whole number and one of `s`, `m`, `h`, `d`, `w`, such as \
         `7d`",
    );
    check(r#""window":"0s""#, "`window`: `0s` is too short; a length of time is at least `1s`");
    check(
        r#""window":"9999999999999999999999w""#,
        "`window`: `9999999999999999999999w` is too long; at most `522857w` are allowed",
    );
    check(
        r#""window":"-7d""#,
        "`window`: `-7d` is no length of time here; write a whole number and one of `s`, `m`, `h`, `d`, `w`, such as \
         `7d`",
    );
    check(r#""window":7"#, "`window`: must be a length of time such as \"7d\", not a number");
    check(r#""hold":"company""#, "`hold`: `company` is not known; use `user` or `{\"property\":…}`");
    check(r#""hold":{"property":"p","of":"user"}"#, "`hold`: unknown field `of`; use `property`");
    check(r#""entry":"last""#, "`entry`: `last` is not known; use `best` or `first`");
}

#[test]
fn retention_and_paths_have_limits() {
    let retention = |fields: &str| format!(r#"{{"report":"retention","from":"-1d","to":"now","start":"a",{fields}}}"#);
    refused(&retention(r#""periods":0"#), "`periods`: 0 is not allowed here; give a whole number from 1 to 1000");
    refused(&retention(r#""bound":"after""#), "`bound`: `after` is not known; use `on` or `on_or_after`");
    refused(&retention(r#""units":{"k":1}"#), "`units`: `period` is missing; give the start of a row's period");
    let paths = |fields: &str| format!(r#"{{"report":"paths","from":"-1d","to":"now",{fields}}}"#);
    refused(&paths(r#""start":"a","end":"b""#), "`start` and `end` cannot both be given; leave one of them out");
    refused(&paths(r#""steps":101"#), "`steps`: 101 is not allowed here; give a whole number from 1 to 100");
    refused(&paths(r#""units":{}"#), "`units`: `step` is missing; give the number of a step, counted from 0");
}

#[test]
fn conditions_are_about_units() {
    refused_cohort(
        r#"{"did":"a","times":{}}"#,
        "`where.times`: says nothing; give at least one of `gt`, `gte`, `lt`, `lte` and `is`",
    );
    refused_cohort(
        r#"{"did":"a","times":{"gte":-1}}"#,
        "`where.times.gte`: -1 is not allowed here; give a whole number of at least 0",
    );
    refused_cohort(
        r#"{"did":"a","property":"p","op":"set"}"#,
        "`where`: `did` and `property` cannot stand in one object; combine them with {\"all\":[…]} or {\"any\":[…]}",
    );
    refused_cohort(
        r#"{"property":"p","op":"set","of":"event"}"#,
        "`where.of`: a property condition of a cohort is about the unit itself; leave `of` out",
    );
    refused_cohort(
        r#"{"property":"p","op":"set","of":{"group":"company"}}"#,
        "`where.of`: a property condition of a cohort is about the unit itself; leave `of` out",
    );
    refused_cohort(
        r#"{"property":"p","op":"set","of":"user","as_of":"event"}"#,
        "`where.as_of`: a property condition of a cohort looks at no event; leave `as_of` out",
    );
    refused_cohort(
        r#"{"has_member_in":{"cohort":"c"}}"#,
        "`where`: `has_member_in` is about keys, while this cohort counts users; use `member_of`",
    );
    refused(
        r#"{"report":"cohort","count_by":{"group":"company"},"where":{"all":[{"member_of":{"cohort":"c"}}]}}"#,
        "`where.all[0]`: `member_of` is about users, while this cohort counts keys of `company`; use `has_member_in`",
    );
    refused_cohort(
        r#"{"member_of":{"group":"company"}}"#,
        "`where.member_of`: `key` is missing; give a list of keys of the group type",
    );
    refused_cohort(
        "{}",
        "`where`: is not a condition such as {\"did\":\"feature_used\"}; it needs one of the fields `all`, `any`, \
         `not`, `did`, `first_did`, `property`, `cohort`, `member_of`, `has_member_in`, `report`",
    );
    refused_cohort("[]", "`where`: must be a condition such as {\"did\":\"feature_used\"}, not a list");
    refused(
        r#"{"report":"cohort","where":{"did":"a"},"save_as":""}"#,
        "`save_as`: is blank; give the cohort's name, of 1 to 400 bytes",
    );
    refused(
        r#"{"report":"cohort","where":{"did":"a"},"limit":0}"#,
        "`limit`: 0 is not allowed here; give a whole number of at least 1",
    );
}
