//! Many texts in one piece of memory.

use serde::{Serialize, Serializer};
use std::fmt;
use std::ops::Index;
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

    /// Adds one at the end.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// Adds all of another list at the end.
    pub fn append(&mut self, others: &Self) {
        let before = self.text.len();
        self.text.push_str(&others.text);
        self.ends.extend(others.ends.iter().map(|end| before + end));
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
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end])
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
        }
    }
}
