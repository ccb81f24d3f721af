//! Many texts in one piece of memory.

use serde::{Serialize, Serializer};
use std::fmt;
use std::ops::{Index, Range};
use std::slice;

/// Texts in an order, one after the other in one piece of memory, so that long lists of short ones take little of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TextList {
    text: String,
    /// Where each ends.
    ends: Vec<usize>,
}

impl TextList {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Texts one after the other, and where each ends; `None` where they are not all UTF-8, or do not end there.
    pub fn from_utf8(text: Vec<u8>, ends: Vec<usize>) -> Option<Self> {
        let text = String::from_utf8(text).ok()?;
        let are_ends = ends.is_sorted()
            && ends.iter().all(|end| text.is_char_boundary(*end))
            && ends.last().copied().unwrap_or(0) == text.len();
        are_ends.then_some(Self { text, ends })
    }

    /// Adds one at the end.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// Adds all of another list at the end.
    pub fn append(&mut self, others: &Self) {
        self.append_some(others, 0..others.len());
    }

    /// Adds those at these places of another list at the end.
    ///
    /// # Panics
    /// Beyond the last.
    pub fn append_some(&mut self, others: &Self, places: Range<usize>) {
        let (start, before) = (others.start_of(places.start), self.text.len());
        self.text.push_str(&others.text[start..others.start_of(places.end)]);
        self.ends.extend(others.ends[places].iter().map(|end| before + end - start));
    }

    /// Where the one at a place starts, or where the last ends.
    fn start_of(&self, place: usize) -> usize {
        place.checked_sub(1).map_or(0, |before| self.ends[before])
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes that it takes.
    pub fn byte_len(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<usize>()
    }

    /// The one at a place, from 0; `None` beyond the last.
    pub fn get(&self, place: usize) -> Option<&str> {
        let end = *self.ends.get(place)?;
        Some(&self.text[self.start_of(place)..end])
    }

    /// The last; `None` of none.
    pub fn last(&self) -> Option<&str> {
        self.get(self.len().checked_sub(1)?)
    }

    /// All of them, in order.
    pub fn iter(&self) -> TextIter<'_> {
        TextIter { text: &self.text, start: 0, ends: self.ends.iter() }
    }
}

/// Texts of a [`TextList`], in order.
#[derive(Clone, Debug)]
pub struct TextIter<'a> {
    text: &'a str,
    /// Where the next one starts.
    start: usize,
    ends: slice::Iter<'a, usize>,
}

impl<'a> Iterator for TextIter<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let end = *self.ends.next()?;
        Some(&self.text[std::mem::replace(&mut self.start, end)..end])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ends.size_hint()
    }
}

impl ExactSizeIterator for TextIter<'_> {}

impl<'a> IntoIterator for &'a TextList {
    type Item = &'a str;
    type IntoIter = TextIter<'a>;

    fn into_iter(self) -> TextIter<'a> {
        self.iter()
    }
}

/// At a place, from 0.
///
/// # Panics
/// Beyond the last.
impl Index<usize> for TextList {
    type Output = str;

    fn index(&self, place: usize) -> &str {
        self.get(place).unwrap_or_else(|| panic!("there is no text {place} in a list of {}", self.len()))
    }
}

impl<T: AsRef<str>> Extend<T> for TextList {
    fn extend<I: IntoIterator<Item = T>>(&mut self, texts: I) {
        texts.into_iter().for_each(|text| self.push(text.as_ref()));
    }
}

impl<T: AsRef<str>> FromIterator<T> for TextList {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let mut list = Self::new();
        list.extend(texts);
        list
    }
}

impl fmt::Debug for TextList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for TextList {
    /// As a sequence of strings.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_are_texts_where_each_is_utf8_by_itself() {
        let list = |text: &str, ends: &[usize]| TextList::from_utf8(text.as_bytes().to_vec(), ends.to_vec());
        assert_eq!(list("aéb", &[0, 3, 4]), Some(["", "aé", "b"].into_iter().collect()));
        for (text, ends) in [("aé", &[2, 3][..]), ("ab", &[1]), ("ab", &[2, 1, 2]), ("a", &[]), ("a", &[1, 2])] {
            assert_eq!(list(text, ends), None, "{text} {ends:?}");
        }
        assert_eq!(TextList::from_utf8(vec![0xff], vec![1]), None);
    }

    proptest! {
        #[test]
        fn it_holds_what_was_put_in(texts in prop::collection::vec(".{0,5}", 0..20), more in prop::collection::vec(".{0,5}", 0..20)) {
            let (mut list, others): (TextList, TextList) = (texts.iter().collect(), more.iter().collect());
            list.append(&others);
            let all: Vec<&str> = texts.iter().chain(&more).map(String::as_str).collect();
            prop_assert_eq!(list.iter().collect::<Vec<_>>(), all.clone());
            prop_assert_eq!((list.len(), list.is_empty(), list.last()), (all.len(), all.is_empty(), all.last().copied()));
            prop_assert!(all.iter().enumerate().all(|(place, text)| &list[place] == *text));
            prop_assert_eq!(list.get(all.len()), None);
            prop_assert_eq!(serde_json::to_string(&list).unwrap(), serde_json::to_string(&all).unwrap());
            prop_assert_eq!(format!("{list:?}"), format!("{all:?}"));
            prop_assert_eq!(list == others, texts.is_empty());
            let mut some = others.clone();
            let (from, to) = (texts.len() / 2, all.len());
            some.append_some(&list, from..to);
            prop_assert_eq!(some.iter().collect::<Vec<_>>(), [&all[texts.len()..], &all[from..]].concat());
            let TextList { text, ends } = list.clone();
            prop_assert_eq!(TextList::from_utf8(text.into_bytes(), ends), Some(list));
        }
    }
}
