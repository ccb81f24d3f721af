//! Tests of one property that are asked as one: a list of thousands then costs no more than its longest part.

use crate::language::{Filter, Op, Property, PropertyFilter, Test};
use hashbrown::HashMap;
use std::borrow::Cow;

/// What joins the filters of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Junction {
    All,
    Any,
}

impl Junction {
    /// Whether the tests of an operator on one property are the one test with the values of all.
    fn merges(self, op: Op) -> bool {
        op.is_negative() == (self == Self::All)
    }
}

/// Filters that together say the same as these: tests of one property with one operator are merged where that
/// operator asks for any of its values as the list does.
pub(super) fn merged(filters: &[Filter], junction: Junction) -> Vec<Cow<'_, Filter>> {
    let mut places: HashMap<(&Property, Op), usize> = HashMap::new();
    let mut tests: Vec<(&Property, Vec<&Test>)> = Vec::new();
    let mut all: Vec<Cow<'_, Filter>> = Vec::new();
    for filter in filters {
        match filter {
            Filter::Property(PropertyFilter { property, test }) if junction.merges(test.op()) => {
                let place = *places.entry((property, test.op())).or_insert(tests.len());
                match tests.get_mut(place) {
                    Some((_, tests)) => tests.push(test),
                    None => tests.push((property, vec![test])),
                }
            }
            other => all.push(Cow::Borrowed(other)),
        }
    }
    let merged = tests.into_iter().map(|(property, tests)| {
        Cow::Owned(Filter::Property(PropertyFilter { property: property.clone(), test: Test::together(&tests) }))
    });
    all.splice(0..0, merged);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_merged_where_any_value_will_do() {
        let is = |path: &str, value: &str| Filter::property(path, Op::Is, value);
        let is_not = |path: &str, value: &str| Filter::property(path, Op::IsNot, value);
        let filters = [is("p", "a"), is_not("p", "b"), is("q", "a"), is("p", "c"), is_not("p", "d")];
        let owned = |junction| merged(&filters, junction).into_iter().map(Cow::into_owned).collect::<Vec<_>>();
        let several = |op, values: [&str; 2]| Filter::property("p", op, values);
        assert_eq!(
            owned(Junction::Any),
            [several(Op::Is, ["a", "c"]), is("q", "a"), is_not("p", "b"), is_not("p", "d")]
        );
        assert_eq!(owned(Junction::All), [several(Op::IsNot, ["b", "d"]), is("p", "a"), is("q", "a"), is("p", "c")]);
    }
}
