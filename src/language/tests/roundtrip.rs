//! Every valid report survives being written and read: random reports, made so that they obey the rules.

use super::super::*;
use crate::model::{Number, Value};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn name() -> impl Strategy<Value = String> {
    select(vec!["a", "b c", "äöü", "p.q", "\"quoted\\\"", "日本", "x\ny"]).prop_map(str::to_owned)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::integer),
        any::<u64>().prop_map(|number| Value::Number(Number::from_u64(number))),
        any::<f64>().prop_filter_map("finite", Number::from_f64).prop_map(Value::Number),
        name().prop_map(Value::String),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![Just(Value::Null), scalar()].prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::List),
            prop::collection::btree_map(name(), inner, 0..3).prop_map(Value::Object),
        ]
    })
}

fn test() -> impl Strategy<Value = Test> {
    let strings = prop::collection::vec(name(), 0..3);
    prop_oneof![
        (select(vec![Op::Is, Op::IsNot, Op::Gt, Op::Gte, Op::Lt, Op::Lte]), prop::collection::vec(scalar(), 0..12))
            .prop_map(|(op, values)| Test::new(op, values)),
        (select(vec![Op::Contains, Op::NotContains, Op::Matches]), strings).prop_map(|(op, values)| Test::new(
            op,
            values.into_iter().map(|v| v.replace('\\', "")).collect::<Values>()
        )),
        select(vec![Op::Set, Op::NotSet]).prop_map(|op| Test::new(op, Values::none())),
    ]
}

fn property() -> impl Strategy<Value = Property> {
    let of = prop_oneof![Just(Of::Event), Just(Of::User), name().prop_map(Of::Group)];
    (name(), of, select(AsOf::ALL)).prop_map(|(path, of, as_of)| {
        let as_of = if of == Of::Event { AsOf::Now } else { as_of };
        Property { path, of, as_of }
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let leaf = prop_oneof![
        (property(), test()).prop_map(|(property, test)| Filter::Property(PropertyFilter { property, test })),
        (name(), prop::collection::vec(name(), 0..3)).prop_map(|(group, keys)| Filter::GroupKey { group, keys }),
        name().prop_map(Filter::Cohort),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::All),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::Any),
            inner.prop_map(Filter::not),
        ]
    })
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let events = prop_oneof![Just(Matcher::any_event()), prop::collection::vec(name(), 1..4).prop_map(Matcher::events)];
    (events, option::of(filter())).prop_map(|(matcher, filter)| Matcher { filter, ..matcher })
}

fn bound() -> impl Strategy<Value = TimeBound> {
    prop_oneof![
        Just(TimeBound::NOW),
        (0..1000_u32, select(vec!['h', 'd', 'w'])).prop_map(|(count, unit)| format!("-{count}{unit}").into()),
        fixed_bound(),
    ]
}

fn fixed_bound() -> impl Strategy<Value = TimeBound> {
    prop_oneof![
        (1..10_000_i32, 1..13_u8, 1..29_u8)
            .prop_map(|(year, month, day)| format!("{year:04}-{month:02}-{day:02}").into()),
        (-62_135_596_800_000_000..253_402_300_800_000_000_i64)
            .prop_map(|micros| crate::model::Timestamp::clamped(micros).into()),
    ]
}

fn count_by() -> impl Strategy<Value = CountBy> {
    prop_oneof![Just(CountBy::Users), name().prop_map(CountBy::Group)]
}

fn scope() -> impl Strategy<Value = Scope> {
    let zone = option::of(select(vec!["UTC", "Europe/Berlin", "Asia/Kolkata", "Etc/UTC"]));
    let now = option::of(select(vec!["2026-01-01T10:00:00.123456Z", "2026-01-01"]));
    (bound(), bound(), zone, now, count_by(), option::of(filter())).prop_map(
        |(from, to, zone, now, count_by, filter)| Scope {
            from,
            to,
            timezone: zone.map(|zone| Zone::named(zone).unwrap()),
            now: now.map(TimeBound::from),
            count_by,
            filter,
        },
    )
}

fn calendar() -> impl Strategy<Value = (Interval, WeekDay)> {
    (select(Interval::ALL), select(WeekDay::ALL))
}

fn page() -> impl Strategy<Value = Page> {
    (1..300_usize, option::of(name())).prop_map(|(limit, cursor)| Page { limit, cursor })
}

fn units_value(value_count: usize) -> BoxedStrategy<UnitsValue> {
    match value_count {
        0 => Just(UnitsValue::Whole).boxed(),
        count => prop_oneof![
            Just(UnitsValue::Whole),
            Just(UnitsValue::Other),
            prop::collection::vec(any_value(), count).prop_map(UnitsValue::Value)
        ]
        .boxed(),
    }
}

fn breakdowns() -> impl Strategy<Value = Vec<Breakdown>> {
    let breakdown = prop_oneof![
        property().prop_map(Breakdown::Property),
        name().prop_map(Breakdown::Group),
        name().prop_map(Breakdown::Cohort)
    ];
    prop::collection::vec(breakdown, 0..4)
}

fn measure() -> impl Strategy<Value = Measure> {
    prop_oneof![
        select(vec![Measure::Unique, Measure::Total, Measure::PerUnit]),
        name().prop_map(Measure::Sum),
        name().prop_map(Measure::Avg),
        name().prop_map(Measure::Min),
        name().prop_map(Measure::Max),
        (name(), 0.0..=1.0_f64).prop_map(|(path, rank)| Measure::percentile(path, rank)),
        (1..100_u64).prop_map(|count| Measure::Active(Span::days(count))),
    ]
}

fn event_series() -> impl Strategy<Value = Series> {
    (matcher(), measure(), option::of(name()))
        .prop_map(|(event, measure, label)| Series { source: Source::Events { event, measure }, label })
}

fn property_series() -> impl Strategy<Value = Series> {
    let measure = prop_oneof![
        name().prop_map(PropertyMeasure::Sum),
        name().prop_map(PropertyMeasure::Avg),
        name().prop_map(PropertyMeasure::CountByValue)
    ];
    (count_by(), measure).prop_map(|(of, measure)| Series::property_of(of, measure))
}

fn event_trends() -> impl Strategy<Value = Trends> {
    let series = prop::collection::vec(event_series(), 1..4);
    let ranking = (1..30_usize, select(RankBy::ALL));
    (scope(), calendar(), series, breakdowns(), ranking, any::<[bool; 4]>(), page()).prop_flat_map(
        |(
            scope,
            (interval, week_start),
            series,
            breakdown,
            (limit, rank_by),
            [cumulative, compare, with_formula, with_units],
            page,
        )| {
            let active = |series: &Series| matches!(series.source, Source::Events { measure: Measure::Active(_), .. });
            let cumulative = cumulative && !series.iter().any(active);
            let formula = with_formula.then(|| Formula::parse("-A / (2.5 + A)", series.len()).unwrap());
            let chosen = (0..series.len(), option::of(fixed_bound()), units_value(breakdown.len()));
            let base = Trends {
                scope,
                interval,
                week_start,
                series,
                breakdown,
                limit,
                rank_by,
                cumulative,
                compare,
                formula,
                units: None,
            };
            (Just(base), chosen, Just((with_units, page))).prop_map(
                |(base, (series, bucket, value), (with_units, page))| Trends {
                    units: with_units.then_some(TrendUnits { series, bucket, value, page }),
                    ..base
                },
            )
        },
    )
}

fn property_trends() -> impl Strategy<Value = Trends> {
    (scope(), calendar(), prop::collection::vec(property_series(), 1..3)).prop_map(
        |(scope, (interval, week_start), series)| Trends {
            scope: Scope { count_by: CountBy::Users, filter: None, ..scope },
            interval,
            week_start,
            series,
            ..Trends::new("now", "now")
        },
    )
}

fn funnel() -> impl Strategy<Value = Funnel> {
    let hold = option::of(prop_oneof![Just(Hold::User), name().prop_map(Hold::Property)]);
    let settings = (select(FunnelOrder::ALL), select(FunnelEntry::ALL), hold, any::<bool>(), option::of(any::<bool>()));
    let window = (1..1000_u64, select(SpanUnit::ALL)).prop_map(|(count, unit)| Span { count, unit });
    (
        scope(),
        prop::collection::vec(matcher(), 2..5),
        window,
        settings,
        breakdowns(),
        1..30_usize,
        calendar(),
        matcher(),
        page(),
    )
        .prop_flat_map(
            |(
                scope,
                steps,
                window,
                (order, entry, hold, exclude, units),
                breakdown,
                limit,
                (interval, week_start),
                event,
                page,
            )| {
                let last = steps.len();
                let exclude = if exclude && order != FunnelOrder::Any {
                    vec![Exclusion { event, from: last - 1, to: last }]
                } else {
                    Vec::new()
                };
                let value = units_value(breakdown.len());
                let interval = (window.count % 2 == 0).then_some(interval);
                let base = Funnel {
                    scope,
                    steps,
                    window,
                    order,
                    entry,
                    exclude,
                    breakdown,
                    limit,
                    interval,
                    week_start,
                    hold,
                    units: None,
                };
                (Just(base), value, Just((units, page))).prop_map(|(base, value, (units, page))| Funnel {
                    units: units.map(|dropped| FunnelUnits { step: 1, dropped, value, page }),
                    ..base
                })
            },
        )
}

fn retention() -> impl Strategy<Value = Retention> {
    let units = option::of((fixed_bound(), option::of(0..3_usize), page()));
    (
        scope(),
        matcher(),
        matcher(),
        calendar(),
        3..100_usize,
        select(RetentionMode::ALL),
        select(RetentionBound::ALL),
        units,
    )
        .prop_map(|(scope, start, return_, (interval, week_start), periods, mode, bound, units)| Retention {
            scope,
            start,
            return_,
            interval,
            week_start,
            periods,
            mode,
            bound,
            units: units.map(|(period, k, page)| RetentionUnits { period, k, page }),
        })
}

fn activity() -> impl Strategy<Value = Report> {
    let units = option::of((1..50_usize, fixed_bound(), select(LifecycleState::ALL), page()));
    (scope(), matcher(), calendar(), units, any::<bool>()).prop_map(
        |(scope, event, (interval, week_start), units, sticky)| {
            if sticky {
                let units = units.map(|(intervals, _, _, page)| StickinessUnits { intervals, page });
                Stickiness { scope, event, interval, week_start, units }.into()
            } else {
                let units = units.map(|(_, bucket, state, page)| LifecycleUnits { bucket, state, page });
                Lifecycle { scope, event, interval, week_start, units }.into()
            }
        },
    )
}

fn paths() -> impl Strategy<Value = Paths> {
    let anchor = prop_oneof![Just(Anchor::First), matcher().prop_map(Anchor::Start), matcher().prop_map(Anchor::End)];
    let end = || prop_oneof![Just(PathsEnd::Other), "[a-z]{1,3}".prop_map(PathsEnd::Event)];
    let to = prop_oneof![Just(PathsTo::Nothing), end().prop_map(PathsTo::Next)];
    let units = option::of((end(), option::of(to), page()));
    (scope(), anchor, 1..=100_usize, 1..30_usize, units).prop_map(|(scope, anchor, steps, limit, units)| Paths {
        scope,
        anchor,
        steps,
        limit,
        units: units.map(|(at, to, page)| PathsUnits { step: steps - 1, at, to, page }),
    })
}

fn times() -> impl Strategy<Value = Times> {
    let count = || option::of(0..10_usize);
    (count(), count(), count(), count(), count())
        .prop_map(|(gt, gte, lt, lte, is)| Times { gt, gte, lt, lte, is })
        .prop_filter("says something", |times| *times != Times::default())
}

fn condition(count_by: CountBy) -> impl Strategy<Value = Condition> {
    let open_or = || prop_oneof![Just(TimeBound::OPEN), bound()];
    let inside = retention().prop_map({
        let count_by = count_by.clone();
        move |mut report| {
            report.scope.count_by = count_by.clone();
            report.units.get_or_insert_with(|| RetentionUnits {
                period: "2026-01-01".into(),
                k: None,
                page: Page::default(),
            });
            Condition::report(report)
        }
    });
    let membership = match count_by {
        CountBy::Users => prop_oneof![
            name().prop_map(|name| Condition::MemberOf(Membership::Cohort(name))),
            (name(), prop::collection::vec(name(), 0..3))
                .prop_map(|(group, keys)| Condition::MemberOf(Membership::Keys { group, keys })),
        ]
        .boxed(),
        CountBy::Group(_) => name().prop_map(Condition::HasMemberIn).boxed(),
    };
    let leaf = prop_oneof![
        (matcher(), times(), open_or(), open_or()).prop_map(|(event, times, from, to)| Condition::Did {
            event,
            times,
            from,
            to
        }),
        (matcher(), open_or(), open_or()).prop_map(|(event, from, to)| Condition::FirstDid { event, from, to }),
        (name(), test()).prop_map(|(path, test)| Condition::Property { path, test }),
        name().prop_map(Condition::Cohort),
        membership,
        inside,
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Condition::All),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Condition::Any),
            inner.prop_map(Condition::not),
        ]
    })
}

fn cohort() -> impl Strategy<Value = Cohort> {
    (scope(), option::of(name()), page(), any::<bool>()).prop_flat_map(|(mut scope, save_as, page, open)| {
        if open {
            scope.from = TimeBound::OPEN;
        }
        condition(scope.count_by.clone()).prop_map(move |where_| Cohort {
            scope: scope.clone(),
            where_,
            save_as: save_as.clone(),
            page: page.clone(),
        })
    })
}

fn report() -> impl Strategy<Value = Report> {
    prop_oneof![
        event_trends().prop_map(Report::Trends),
        property_trends().prop_map(Report::Trends),
        funnel().prop_map(Report::Funnel),
        retention().prop_map(Report::Retention),
        activity(),
        paths().prop_map(Report::Paths),
        cohort().prop_map(Report::Cohort),
    ]
}

/// Any JSON at all, with many words of the language in it.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let word = select(vec![
        "report",
        "trends",
        "cohort",
        "from",
        "to",
        "now",
        "-30d",
        "2026-01-01",
        "series",
        "event",
        "filter",
        "property",
        "op",
        "is",
        "value",
        "where",
        "did",
        "all",
        "units",
        "measure",
        "percentile",
        "steps",
        "breakdown",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (-3..30_i64).prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        word.clone().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(word.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_report_survives_being_written_and_read(report in report()) {
        let json = report.to_json();
        let read = Report::parse(&json);
        prop_assert_eq!(read.as_ref(), Ok(&report), "{}", json);
        prop_assert_eq!(report.to_json(), json);
        prop_assert_eq!(Report::from_value(&report.to_value()), Ok(report.clone()));
    }

    #[test]
    fn reading_never_panics(json in any_json()) {
        if let Ok(report) = Report::from_value(&json) {
            prop_assert_eq!(report.checked(), Ok(report));
        }
    }

    #[test]
    fn spoilt_documents_never_panic(report in report(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = report.to_json().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(report) = Report::parse(&String::from_utf8_lossy(&bytes)) {
            prop_assert_eq!(Report::parse(&report.to_json()), Ok(report));
        }
    }
}
