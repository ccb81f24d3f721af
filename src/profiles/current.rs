//! The properties that users or keys have now, one holder after the other: for pages that look at all of them.

use super::part::{Call, Calls};
use super::view::fold_of;
use super::{Aliases, Profiles};
use crate::codec::DecodeError;
use crate::model::{GroupTypeId, Properties, UserId};

/// Ids whose calls are held at a time.
const WINDOW_IDS: u32 = 4096;

impl Profiles {
    /// Calls `visit` with every holder that has calls, and its properties now, until it fails: keys of a type, or, with
    /// none, users under their shown ids. Holders with an id below `from` are left out. They come in no order. Where
    /// `names` are given, other properties are left out, which takes less time.
    ///
    /// # Errors
    /// When a part is damaged, and what `visit` says.
    pub fn visit_current<E: From<DecodeError>>(
        &self,
        group_type: Option<GroupTypeId>,
        aliases: &Aliases,
        from: u32,
        names: Option<&[&str]>,
        mut visit: impl FnMut(u32, Properties) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut parts: Vec<Calls> = Vec::new();
        for part in self.parts() {
            parts.extend(match group_type {
                None => part.user_calls()?,
                Some(group_type) => part.group_calls(group_type)?,
            });
        }
        let is_joined = |id| group_type.is_none() && aliases.is_joined(UserId::new(id));
        let end = parts.iter().map(Calls::end).max().unwrap_or(0);
        let (mut own, mut joined): (Vec<Call>, Vec<Call>) = (Vec::new(), Vec::new());
        let mut start = u64::from(from);
        while start < end {
            let window_end = end.min(start + u64::from(WINDOW_IDS));
            for part in &parts {
                part.visit(part.rows_between(start, window_end), |call| {
                    if is_joined(call.entity) { joined.push(call) } else { own.push(call) }
                })?;
            }
            fold_each(&mut own, names, &mut visit)?;
            start = window_end;
        }
        // What several ids say together is known once all of them were seen.
        for call in &mut joined {
            call.entity = aliases.shown(UserId::new(call.entity)).raw();
        }
        joined.retain(|call| from == 0 || aliases.ids_of(UserId::new(call.entity)).iter().all(|id| id.raw() >= from));
        fold_each(&mut joined, names, &mut visit)
    }
}

/// Folds the calls of each holder and takes them out.
fn fold_each<E: From<DecodeError>>(
    calls: &mut Vec<Call>,
    names: Option<&[&str]>,
    visit: &mut impl FnMut(u32, Properties) -> Result<(), E>,
) -> Result<(), E> {
    calls.sort_unstable_by_key(|call| (call.entity, call.moment));
    for own in calls.chunk_by(|a, b| a.entity == b.entity) {
        visit(own[0].entity, fold_of(own, names)?)?;
    }
    calls.clear();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{ProfilesBuilder, ProfilesPart};
    use super::*;
    use crate::codec::FileId;
    use crate::codec::text::Compression;
    use crate::model::property::object_json;
    use crate::model::{Arrival, Moment, Timestamp};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    #[test]
    fn every_holder_comes_once_with_what_all_parts_and_ids_say() {
        let at = |time: i64| Moment { time: Timestamp::clamped(time), arrival: Arrival::new(time as u64) };
        // Ids lie in several windows, and each has calls in two parts, the later first.
        let ids = [0, 1, WINDOW_IDS - 1, WINDOW_IDS, 3 * WINDOW_IDS + 5];
        let part = |times: i64| {
            let mut builder = ProfilesBuilder::default();
            for id in ids {
                let ops = format!(r#"{{"properties":{{"v{id}":{times},"last":{times}}}}}"#);
                builder.identify(UserId::new(id), at(times * 100 + i64::from(id)), &ops);
            }
            let bytes = builder.finish(FileId([1; 16]), Compression::Zstd).unwrap().unwrap();
            Arc::new(ProfilesPart::open(bytes, "part").unwrap())
        };
        let profiles = Profiles::new(vec![part(2), part(1)]);
        let seen = |aliases: &Aliases, from: u32| {
            let mut seen: BTreeMap<u32, String> = BTreeMap::new();
            let all = profiles.visit_current(None, aliases, from, None, |id, properties| -> Result<(), DecodeError> {
                assert!(seen.insert(id, object_json(&properties)).is_none(), "{id} comes twice");
                Ok(())
            });
            all.unwrap();
            seen
        };
        let alone = seen(&Aliases::default(), 0);
        assert_eq!(alone.keys().copied().collect::<Vec<_>>(), ids);
        assert_eq!(alone[&1], r#"{"last":2,"v1":2}"#);
        let of_name = profiles.visit_current(None, &Aliases::default(), 0, Some(&["v1"]), |id, properties| {
            assert_eq!(object_json(&properties), if id == 1 { r#"{"v1":2}"# } else { "{}" });
            Ok::<(), DecodeError>(())
        });
        of_name.unwrap();
        let mut aliases = Aliases::default();
        aliases.join(UserId::new(WINDOW_IDS), UserId::new(0));
        let together = seen(&aliases, 0);
        assert_eq!((together.len(), together.contains_key(&0)), (4, false));
        assert_eq!(together[&WINDOW_IDS], format!(r#"{{"last":2,"v0":2,"v{WINDOW_IDS}":2}}"#));
        assert_eq!(seen(&aliases, 1).keys().copied().collect::<Vec<_>>(), [1, WINDOW_IDS - 1, 3 * WINDOW_IDS + 5]);
    }
}
