//! `property_of`: property values over every unit, as of the end of each bucket.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::breakdown::{Slice, Tuple, ranked};
use super::document::{need, object, only, text};
use super::head::Head;
use super::lookup::{CountBy, Look};
use super::number::{average, sum};
use super::properties::AsOf;
use super::time::Bucket;
use super::trends::Frame;
use super::value::{Plain, at_path};

/// Over every key of a type (or every user): a measure of one property.
pub(super) struct PropertyOf {
    of: CountBy,
    word: String,
    path: String,
}

impl PropertyOf {
    /// `{"property_of":{"group":"company"},"measure":{"sum":"mrr"}}`, or `"property_of":"users"`.
    pub(super) fn read(look: Look, map: &Map<String, Value>) -> Result<PropertyOf, String> {
        if map.contains_key("event") {
            return Err("a series has \"event\" or \"property_of\"".into());
        }
        let of = look.count_by(map.get("property_of"))?;
        let measure = object(need(map, "measure", "a series of \"property_of\"")?, "its measure")?;
        only(measure, &["sum", "avg", "count_by_value"], "a measure of \"property_of\"")?;
        match measure.iter().next() {
            Some((word, path)) if measure.len() == 1 => {
                Ok(PropertyOf { of, word: word.clone(), path: text(path, word)?.to_owned() })
            }
            _ => Err("a measure is one of its words".into()),
        }
    }

    pub(super) fn label(&self) -> String {
        self.path.clone()
    }

    pub(super) fn is_by_value(&self) -> bool {
        self.word == "count_by_value"
    }

    /// Every unit with its value before an instant.
    fn values_at(&self, head: &Head, instant: i64) -> Vec<(String, Plain)> {
        let store = head.look.store;
        let value =
            |unit: &str, object| (unit.to_owned(), at_path(&object, &self.path).cloned().unwrap_or(Plain::Null));
        let as_of = AsOf::Until(instant);
        match &self.of {
            CountBy::Users => {
                store.users().iter().map(|unit| value(unit, store.user_properties(unit, as_of))).collect()
            }
            CountBy::Keys(group_type) => {
                let keys = store.keys(group_type);
                keys.iter().map(|unit| value(unit, store.group_properties(group_type, unit, as_of))).collect()
            }
        }
    }

    /// As of the bucket's end, or of `to` if earlier.
    fn instant(frame: &Frame, bucket: Option<&Bucket>) -> i64 {
        bucket.map_or(frame.to, |bucket| bucket.end.min(frame.to))
    }

    pub(super) fn slices(&self, head: &Head, frame: &Frame, limit: usize) -> Vec<Slice> {
        if !self.is_by_value() {
            return vec![Slice::Whole];
        }
        let mut counts: BTreeMap<Tuple, usize> = BTreeMap::new();
        for bucket in &frame.buckets {
            for (_, value) in self.values_at(head, Self::instant(frame, Some(bucket))) {
                counts.entry(vec![value]).or_default();
            }
        }
        if !frame.buckets.is_empty() {
            for (_, value) in self.values_at(head, frame.to) {
                *counts.entry(vec![value]).or_default() += 1;
            }
        }
        ranked(counts, limit)
    }

    pub(super) fn number(&self, head: &Head, slice: &Slice, frame: &Frame, bucket: Option<&Bucket>) -> Option<f64> {
        let values = self.values_at(head, Self::instant(frame, bucket));
        let numbers: Vec<&Plain> =
            values.iter().map(|(_, value)| value).filter(|value| value.as_double().is_some()).collect();
        match self.word.as_str() {
            "sum" => sum(&numbers),
            "avg" => average(&numbers),
            _ => Some(self.behind(head, slice, frame, bucket).len() as f64),
        }
    }

    /// The units with the slice's value, or with any number where numbers are measured.
    pub(super) fn behind(
        &self,
        head: &Head,
        slice: &Slice,
        frame: &Frame,
        bucket: Option<&Bucket>,
    ) -> BTreeSet<String> {
        let values = self.values_at(head, Self::instant(frame, bucket)).into_iter();
        let counted = values.filter(|(_, value)| match self.is_by_value() {
            true => slice.admits(&vec![value.clone()]),
            false => value.as_double().is_some(),
        });
        counted.map(|(unit, _)| unit).collect()
    }
}
