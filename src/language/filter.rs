//! Filters: which events, or units, a report sees.

use super::DocumentError;
use super::node::{Node, Writer};
use super::operator::{Op, Test};
use super::reader::{At, Fields};
use super::scope::{group_type, read_group};
use super::values::Values;
use super::words::words;

/// A condition on an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// On a property of the event, its user, or its key of a group type.
    Property(PropertyFilter),
    /// The event's key of this type is one of these; false without a key.
    GroupKey {
        /// The group type.
        group: String,
        /// The keys.
        keys: Vec<String>,
    },
    /// The event's user, or its key of the cohort's type, is a member of the saved cohort.
    Cohort(String),
    /// All of these; true when there are none.
    All(Vec<Filter>),
    /// At least one of these; false when there are none.
    Any(Vec<Filter>),
    /// The complement.
    Not(Box<Filter>),
}

/// A test on a property.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertyFilter {
    /// Which property.
    pub property: Property,
    /// What its value must pass.
    pub test: Test,
}

/// A property: whose, its dotted path, and at which time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Property {
    /// The dotted path: at each level the whole rest as a key first, else up to the first dot.
    pub path: String,
    /// Whose property.
    pub of: Of,
    /// At which time; for the event's own properties always [`AsOf::Now`], as they never change.
    pub as_of: AsOf,
}

/// Whose property.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum Of {
    /// The event's.
    #[default]
    Event,
    /// Its user's.
    User,
    /// Its key's of this group type.
    Group(String),
}

words! {
    /// Which version of a user's or key's properties.
    pub enum AsOf = Now; {
        /// Everything stored.
        Now = "now",
        /// The calls before the event in (timestamp, arrival) order.
        Event = "event",
    }
}

/// The fields of [`Property`].
pub(super) const PROPERTY_FIELDS: [&str; 3] = ["property", "of", "as_of"];

impl Filter {
    /// A test on a property of the event; for others start from [`Property`].
    pub fn property(path: impl Into<String>, op: Op, values: impl Into<Values>) -> Self {
        Property::event(path).passes(op, values)
    }

    /// The event's key of this type is one of these.
    pub fn group_key<K: Into<String>>(group: impl Into<String>, keys: impl IntoIterator<Item = K>) -> Self {
        Self::GroupKey { group: group.into(), keys: keys.into_iter().map(Into::into).collect() }
    }

    /// Membership of a saved cohort.
    pub fn cohort(name: impl Into<String>) -> Self {
        Self::Cohort(name.into())
    }

    /// All of these.
    pub fn all(filters: impl IntoIterator<Item = Filter>) -> Self {
        Self::All(filters.into_iter().collect())
    }

    /// At least one of these.
    pub fn any(filters: impl IntoIterator<Item = Filter>) -> Self {
        Self::Any(filters.into_iter().collect())
    }

    /// The complement.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "named like the word of the language")]
    pub fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// The conjunction of a filter that may be there and another.
    pub(super) fn both(first: Option<Self>, second: Self) -> Self {
        match first {
            None => second,
            Some(Self::All(mut filters)) => {
                filters.push(second);
                Self::All(filters)
            }
            Some(first) => Self::All(vec![first, second]),
        }
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        const KINDS: [&str; 6] = ["property", "group", "cohort", "all", "any", "not"];
        match at.kind(&KINDS, "a filter such as {\"property\":\"country\",\"op\":\"is\",\"value\":\"US\"}")? {
            "property" => PropertyFilter::read(at).map(Self::Property),
            "group" => {
                let fields = at.fields(&["group", "key"])?;
                let (group, keys) = read_keys(&fields)?;
                Ok(Self::GroupKey { group, keys })
            }
            "cohort" => Ok(Self::Cohort(cohort_name(&at.only("cohort")?)?)),
            "all" => read_list(&at.only("all")?).map(Self::All),
            "any" => read_list(&at.only("any")?).map(Self::Any),
            _ => Ok(Self::read(&at.only("not")?)?.not()),
        }
    }
}

fn read_list(at: &At<'_>) -> Result<Vec<Filter>, DocumentError> {
    at.items("a list of filters")?.map(|item| Filter::read(&item)).collect()
}

/// `group` and `key` of an object: a key, or a list of keys.
pub(super) fn read_keys(fields: &Fields<'_>) -> Result<(String, Vec<String>), DocumentError> {
    let group = group_type(&fields.need("group", "the name of a group type")?)?;
    let at = fields.need("key", "a list of keys of the group type")?;
    let key = |at: &At<'_>| at.text("a group key").map(str::to_owned);
    let keys = match at.node() {
        Node::List(_) => at.items("a list of keys")?.map(|item| key(&item)).collect::<Result<_, _>>()?,
        _ => vec![key(&at)?],
    };
    Ok((group, keys))
}

/// `group` and `key` as documents write them.
pub(super) fn write_keys(group: &str, keys: &[String]) -> Writer {
    Writer::new().put("group", group).put("key", keys.iter().map(|key| key.as_str().into()).collect::<Node>())
}

/// The name of a saved cohort.
pub(super) fn cohort_name(at: &At<'_>) -> Result<String, DocumentError> {
    use crate::model::limits::COHORT_NAME_BYTES_MAX;
    let name = at.text("the name of a cohort")?;
    if name.chars().all(char::is_whitespace) {
        return Err(at.rule(format!("is blank; give the cohort's name, of 1 to {COHORT_NAME_BYTES_MAX} bytes")));
    }
    if name.len() > COHORT_NAME_BYTES_MAX {
        return Err(
            at.rule(format!("has {} bytes; the name of a cohort has at most {COHORT_NAME_BYTES_MAX}", name.len()))
        );
    }
    Ok(name.to_owned())
}

impl PropertyFilter {
    fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        let fields = at.fields(&["property", "op", "value", "of", "as_of"])?;
        Ok(Self { property: Property::read(&fields)?, test: read_test(&fields)? })
    }
}

/// `op` and `value` of an object.
pub(super) fn read_test(fields: &Fields<'_>) -> Result<Test, DocumentError> {
    let op_at = fields.need("op", "an operator such as \"is\"")?;
    let op: Op = op_at.word()?;
    // Null is not taken for a missing value here: a document that compares with null is mistaken.
    let value = fields.get_even_null("value");
    match &value {
        Some(at) if !op.takes_values() => Err(at.rule(format!("`{op}` takes no `value`; leave it out"))),
        None if op.takes_values() => Err(fields.missing("value", "the value, or list of values, to compare with")),
        _ => Test::read(&op_at, value),
    }
}

impl Property {
    /// A property of the event.
    pub fn event(path: impl Into<String>) -> Self {
        Self { path: path.into(), of: Of::Event, as_of: AsOf::Now }
    }

    /// A property of the event's user, as it is now.
    pub fn user(path: impl Into<String>) -> Self {
        Self { path: path.into(), of: Of::User, as_of: AsOf::Now }
    }

    /// A property of the event's key of this type, as it is now.
    pub fn group(group: impl Into<String>, path: impl Into<String>) -> Self {
        Self { path: path.into(), of: Of::Group(group.into()), as_of: AsOf::Now }
    }

    /// In the version in force at the event's time.
    #[must_use]
    pub fn as_of_event(mut self) -> Self {
        self.as_of = AsOf::Event;
        self
    }

    /// A filter on it with any operator.
    pub fn passes(self, op: Op, values: impl Into<Values>) -> Filter {
        Filter::Property(PropertyFilter { property: self, test: Test::new(op, values) })
    }

    /// Equal to one of the values.
    pub fn is(self, values: impl Into<Values>) -> Filter {
        self.passes(Op::Is, values)
    }

    /// Equal to none of the values, or absent.
    pub fn is_not(self, values: impl Into<Values>) -> Filter {
        self.passes(Op::IsNot, values)
    }

    /// Present and not null.
    pub fn is_set(self) -> Filter {
        self.passes(Op::Set, Values::none())
    }

    /// Absent or null.
    pub fn is_not_set(self) -> Filter {
        self.passes(Op::NotSet, Values::none())
    }

    /// Reads `property`, `of` and `as_of` of an object.
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, DocumentError> {
        let path = fields.need("property", "the name of a property")?.text("the name of a property")?.to_owned();
        let of = fields.get_or_else("of", Of::default, Of::read)?;
        let as_of_at = fields.get("as_of");
        let as_of = as_of_at.as_ref().map(At::word).transpose()?.unwrap_or_default();
        match as_of_at {
            Some(at) if of == Of::Event && as_of == AsOf::Event => Err(at.rule(
                "the event's own properties never change; leave `as_of` out, or say whose property it is in `of`",
            )),
            _ => Ok(Self { path, of, as_of }),
        }
    }

    pub(super) fn write(&self) -> Writer {
        Writer::new().put("property", self.path.as_str()).put_unless("of", &self.of, &Of::Event).put_unless(
            "as_of",
            self.as_of,
            AsOf::Now,
        )
    }
}

impl Of {
    fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        match at.node() {
            Node::String(word) if word == "event" => Ok(Self::Event),
            Node::String(word) if word == "user" => Ok(Self::User),
            Node::Object(_) => read_group(at).map(Self::Group),
            _ => Err(at.wrong_type("\"event\", \"user\" or {\"group\":…}")),
        }
    }
}

impl From<&Of> for Node {
    fn from(of: &Of) -> Self {
        match of {
            Of::Event => "event".into(),
            Of::User => "user".into(),
            Of::Group(group) => Writer::new().put("group", group.as_str()).done(),
        }
    }
}

impl From<&PropertyFilter> for Node {
    fn from(filter: &PropertyFilter) -> Self {
        filter.property.write().put("op", filter.test.op()).put_some("value", filter.test.values_node()).done()
    }
}

impl From<&Filter> for Node {
    fn from(filter: &Filter) -> Self {
        match filter {
            Filter::Property(property) => property.into(),
            Filter::GroupKey { group, keys } => write_keys(group, keys).done(),
            Filter::Cohort(name) => Writer::new().put("cohort", name.as_str()).done(),
            Filter::All(filters) => Writer::new().put("all", filters.iter().map(Node::from).collect::<Node>()).done(),
            Filter::Any(filters) => Writer::new().put("any", filters.iter().map(Node::from).collect::<Node>()).done(),
            Filter::Not(filter) => Writer::new().put("not", &**filter).done(),
        }
    }
}
