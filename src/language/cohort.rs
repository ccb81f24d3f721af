//! Cohorts: the units that meet a condition.

use super::DocumentError;
use super::bound::TimeBound;
use super::condition::Condition;
use super::filter::cohort_name;
use super::node::Node;
use super::reader::At;
use super::report::builders;
use super::scope::{SCOPE_FIELDS, Scope};
use super::units::Page;

/// A cohort report, or the definition of a saved cohort.
///
/// ```
/// use trackcrumb::language::{Cohort, Condition, Matcher, Op, Times};
///
/// let regulars = Condition::did("feature_used").times(Times::at_least(3)).from("-30d");
/// let report = Cohort::new(Condition::all([regulars, Condition::property("plan", Op::Is, "pro")]))
///     .count_by_group("company")
///     .save_as("regulars")
///     .build()?;
/// assert_eq!(report.kind(), "cohort");
/// # Ok::<(), trackcrumb::language::DocumentError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Cohort {
    /// What all reports have; here both bounds may be open.
    pub scope: Scope,
    /// The condition.
    pub where_: Condition,
    /// The name under which the definition is kept.
    pub save_as: Option<String>,
    /// The page of members.
    pub page: Page,
}

builders!(Cohort);

impl Cohort {
    /// The users that meet a condition.
    pub fn new(condition: Condition) -> Self {
        Self { scope: Scope::default(), where_: condition, save_as: None, page: Page::default() }
    }

    /// The bounds of conditions that have none of their own.
    #[must_use]
    pub fn between(mut self, from: impl Into<TimeBound>, to: impl Into<TimeBound>) -> Self {
        self.scope.from = from.into();
        self.scope.to = to.into();
        self
    }

    /// Keeps the definition under this name.
    #[must_use]
    pub fn save_as(mut self, name: impl Into<String>) -> Self {
        self.save_as = Some(name.into());
        self
    }

    /// The page of members.
    #[must_use]
    pub fn page(mut self, page: Page) -> Self {
        self.page = page;
        self
    }

    /// The definition as it is saved: without `save_as`, `limit` and `cursor`.
    #[must_use]
    pub fn definition(&self) -> Self {
        Self { save_as: None, page: Page::default(), ..self.clone() }
    }

    pub(super) fn read(at: &At<'_>) -> Result<Self, DocumentError> {
        let fields = at.fields(&[&SCOPE_FIELDS[..], &["where", "save_as", "limit", "cursor"]].concat())?;
        let scope = Scope::read(&fields, false)?;
        let where_at = fields.need("where", "a condition such as {\"did\":\"feature_used\"}")?;
        Ok(Self {
            where_: Condition::read(&where_at, &scope.count_by)?,
            save_as: fields.get_optional("save_as", cohort_name)?,
            page: Page::read(&fields)?,
            scope,
        })
    }
}

impl From<&Cohort> for Node {
    fn from(report: &Cohort) -> Self {
        let writer = report
            .scope
            .write("cohort")
            .put("where", &report.where_)
            .put_some("save_as", report.save_as.as_deref().map(Node::from));
        report.page.write(writer).done()
    }
}
