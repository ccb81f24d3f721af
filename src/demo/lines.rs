//! The lines of a day while they are collected.

use super::company::Company;
use super::person::Person;
use crate::model::{
    AliasCall, Event, GroupCall, IdentifyCall, InsertId, Line, NameError, Properties, PropertyOps, Timestamp, Value,
};

/// Lines with their times, in microseconds.
#[derive(Debug)]
pub(super) struct Lines {
    lines: Vec<(i64, Line)>,
    /// What would happen from here on does not.
    end: i64,
}

/// A properties object.
pub(super) fn properties<const N: usize>(fields: [(&str, Value); N]) -> Properties {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

impl Lines {
    pub fn new(end: Timestamp) -> Self {
        Self { lines: Vec::new(), end: end.micros() }
    }

    fn push(&mut self, micros: i64, line: impl Into<Line>) {
        if micros < self.end {
            self.lines.push((micros, line.into()));
        }
    }

    /// An event of a person for a company and perhaps a project, `number` telling it from all others.
    pub fn event(
        &mut self,
        micros: i64,
        number: u32,
        person: &Person,
        groups: (&Company, Option<&str>),
        name: &str,
        properties: Properties,
    ) -> Result<(), NameError> {
        let mut event = Event::new(&person.id, name)?.at(Timestamp::clamped(micros));
        event = event.group("company", &groups.0.key)?;
        if let Some(project) = groups.1 {
            event = event.group("project", project)?;
        }
        event.insert_id = Some(InsertId::new(format!("demo-{number:06}"))?);
        event.properties = properties;
        self.push(micros, event);
        Ok(())
    }

    /// An event of somebody who is not known yet.
    pub fn visit(&mut self, micros: i64, number: u32, visitor: &str, page: &str) -> Result<(), NameError> {
        let event = Event::new(visitor, "page_viewed")?.at(Timestamp::clamped(micros)).property("path", page);
        self.push(micros, event.insert_id(format!("demo-{number:06}"))?);
        Ok(())
    }

    /// A visitor turns out to be a person.
    pub fn alias(&mut self, micros: i64, person: &Person, visitor: &str) -> Result<(), NameError> {
        let mut call = AliasCall::new(&person.id, visitor)?;
        call.time = Some(Timestamp::clamped(micros));
        self.push(micros, call);
        Ok(())
    }

    /// Something about a person.
    pub fn identify(&mut self, micros: i64, person: &Person, ops: PropertyOps) -> Result<(), NameError> {
        let mut call = IdentifyCall::new(&person.id, Properties::new())?;
        call.time = Some(Timestamp::clamped(micros));
        call.ops = ops;
        self.push(micros, call);
        Ok(())
    }

    /// Something about a group, and perhaps a person who belongs to it from now on.
    pub fn group(
        &mut self,
        micros: i64,
        (group_type, key): (&str, &str),
        member: Option<&Person>,
        properties: Properties,
    ) -> Result<(), NameError> {
        let mut call = GroupCall::new(group_type, key, properties)?;
        if let Some(person) = member {
            call = call.member(&person.id)?;
        }
        call.time = Some(Timestamp::clamped(micros));
        self.push(micros, call);
        Ok(())
    }

    /// The lines by time; at the same time as they came.
    pub fn finish(mut self) -> Vec<Line> {
        self.lines.sort_by_key(|(micros, _)| *micros);
        self.lines.into_iter().map(|(_, line)| line).collect()
    }
}
