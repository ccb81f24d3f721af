//! Names through seals, merges, erasures and losses.

use super::*;
use crate::codec::FileId;
use crate::model::{GroupTypeId, IdSets, StoredName};
use std::sync::Arc;

/// A property may have an empty name; that it was erased is another thing, through seals and merges.
#[test]
fn an_empty_name_is_not_an_erased_one() {
    let list = StoredName::Property;
    let mut names = Dictionaries::default();
    let seal = |names: &mut Dictionaries, id: u8| {
        let part = names.unsealed(&names.counts()).seal(FileId([id; 16])).unwrap().unwrap();
        let part = Arc::new(DictionaryPart::open(part, "part").unwrap());
        names.attach(&part).unwrap();
        part
    };
    let rewritten = |names: &mut Dictionaries, old: Arc<DictionaryPart>, in_use: &[u32], id: u8| {
        let in_use = IdSets::from([(list, in_use.iter().copied().collect())]);
        let part = names.erase_unused(&in_use, FileId([id; 16])).unwrap().unwrap();
        let part = Arc::new(DictionaryPart::open(part, "erased").unwrap());
        assert_eq!(part.verify(), []);
        names.replace_parts(&[old], &part).unwrap();
        part
    };
    let erased = |names: &Dictionaries| names.properties().erased().unwrap().into_iter().collect::<Vec<_>>();
    for name in ["a", "", "b"] {
        names.push(list, name).unwrap();
    }
    let part = seal(&mut names, 1);
    assert_eq!((erased(&names), names.properties().find("")), (vec![], Ok(Some(1))));
    let part = rewritten(&mut names, part, &[1, 2], 2);
    assert_eq!((erased(&names), names.properties().find("")), (vec![0], Ok(Some(1))));
    assert_eq!(names.properties().find("a"), Ok(None));
    let part = rewritten(&mut names, part, &[2], 3);
    assert_eq!((erased(&names), names.properties().find("")), (vec![0, 1], Ok(None)));
    names.push(list, "").unwrap();
    let parts = [part, seal(&mut names, 4)];
    let merged = merge_parts(&parts, FileId([5; 16])).unwrap().unwrap();
    names.replace_parts(&parts, &Arc::new(DictionaryPart::open(merged, "merged").unwrap())).unwrap();
    assert_eq!((erased(&names), names.properties().find("")), (vec![0, 1], Ok(Some(3))));
    assert_eq!(names.properties().find("b"), Ok(Some(2)));
}

#[test]
fn names_keep_their_ids_through_seals_and_merges() {
    let mut names = Dictionaries::default();
    names.push(StoredName::GroupType, "company").unwrap();
    let all: Vec<String> = (0..500).map(|i| format!("user-{i}-é")).collect();
    let mut parts = Vec::new();
    for (i, name) in all.iter().enumerate() {
        assert_eq!(names.push(StoredName::User, name), Ok(i as u32));
        names.push(StoredName::GroupKey(0), name).unwrap();
        if i % 170 == 100 {
            let counts = names.counts();
            names.push(StoredName::Event, name).unwrap();
            let bytes = names.unsealed(&counts).seal(FileId([i as u8; 16])).unwrap().unwrap();
            let part = Arc::new(DictionaryPart::open(bytes, "part").unwrap());
            assert_eq!(part.verify(), []);
            names.attach(&part).unwrap();
            parts.push(part);
        }
    }
    let check = |names: &Dictionaries, count: usize| {
        for (i, name) in all.iter().enumerate().take(count) {
            assert_eq!(names.users().find(name), Ok(Some(i as u32)));
            assert_eq!(names.keys(GroupTypeId::new(0)).name(i as u32), Ok(name.as_str()));
        }
        assert_eq!(names.users().find("nobody"), Ok(None));
        assert!(names.users().name(names.users().len()).is_err());
    };
    check(&names, 500);
    let mut merged = Dictionaries::default();
    // Neighbours first, then all, as maintenance does it.
    let merge = |parts: &[Arc<DictionaryPart>], id: u8| {
        let bytes = merge_parts(parts, FileId([id; 16])).unwrap().unwrap();
        Arc::new(DictionaryPart::open(bytes, "merged").unwrap())
    };
    let tail = merge(&parts[1..], 1);
    assert!(names.replace_parts(&parts[..2], &tail).is_err(), "they hold other names");
    names.replace_parts(&parts[1..], &tail).unwrap();
    check(&names, 500);
    let halves = [Arc::clone(&parts[0]), tail];
    let whole = merge(&halves, 2);
    assert!(merge_parts(&[Arc::clone(&parts[0]), Arc::clone(&parts[2])], FileId([3; 16])).is_err(), "a gap");
    names.replace_parts(&halves, &whole).unwrap();
    check(&names, 500);
    merged.attach(&whole).unwrap();
    check(&merged, 441);
    // Without the part in the middle, its names are missing and no other name takes their ids.
    let mut rest = Dictionaries::default();
    for (position, part) in parts.iter().enumerate() {
        if position == 1 {
            rest.lose_part("part");
        } else {
            rest.attach_after_loss(part).unwrap();
        }
    }
    rest.push(StoredName::User, "user-441-é").unwrap();
    rest.push(StoredName::Event, "new").unwrap();
    for id in 0..442 {
        let lost = (101..271).contains(&id);
        assert_eq!(rest.users().name(id).ok(), (!lost).then(|| all[id as usize].as_str()), "{id}");
    }
    assert!(rest.events().name(0).is_err(), "an event of the lost part");
    assert!(merged.attach(&parts[0]).is_err(), "ids come once");
}
