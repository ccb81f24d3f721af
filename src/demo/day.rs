//! One day in the workspace: who comes, what they do, and what becomes of companies.

use super::company::{Company, Plan};
use super::lines::{Lines, properties};
use super::names::{FEATURES, PAGES, REPORTS, ROLES, SOURCES, TEMPLATES, TOPICS};
use super::person::Person;
use super::{AI_CHART_DAY, Workspace};
use crate::model::{Line, NameError, PropertyOps};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// Companies that sign up in the first days, and after them, on a weekday.
const EARLY_DAYS: u32 = 12;
const SIGNUPS_EARLY: f64 = 9.0;
const SIGNUPS_LATER: f64 = 4.4;
/// Days until a company decides whether to pay.
const TRIAL_DAYS: u32 = 14;

/// How busy the day of the week is; 0 is Monday.
fn busyness(weekday: i64) -> f64 {
    match weekday {
        0..=3 => 1.0,
        4 => 0.82,
        5 => 0.14,
        _ => 0.18,
    }
}

impl Workspace {
    /// Lives through a day.
    pub(super) fn live_through(&mut self, day: u32) -> Result<Vec<Line>, NameError> {
        let mut lines = Lines::new(self.end);
        // 1 January 1970 was a Thursday.
        let weekday = (self.midnight(day).div_euclid(super::DAY_MICROS) + 3).rem_euclid(7);
        let busy = busyness(weekday);
        let mean = if day < EARLY_DAYS { SIGNUPS_EARLY } else { SIGNUPS_LATER };
        for _ in 0..self.random.around(mean * busy) {
            self.found_company(day, &mut lines)?;
        }
        for place in 0..self.people.len() {
            self.let_come(place, day, busy, &mut lines)?;
        }
        for place in 0..self.companies.len() {
            self.let_decide(place, day, &mut lines)?;
        }
        Ok(lines.finish())
    }

    /// A moment of the working day of a company, in microseconds.
    fn working_moment(&mut self, day: u32, company: usize) -> i64 {
        // The mean of two is most often in the middle of the day.
        let minutes = (self.random.below(690) + self.random.below(690)) / 2;
        let local = 8 * HOUR + i64::from(minutes) * MINUTE + i64::from(self.random.below(60_000_000));
        self.midnight(day) + local - self.companies[company].country.hours_ahead * HOUR
    }

    fn next_event(&mut self) -> u32 {
        self.events += 1;
        self.events
    }

    /// Somebody signs up for a company that is new.
    fn found_company(&mut self, day: u32, lines: &mut Lines) -> Result<(), NameError> {
        let company = Company::new(self.companies.len(), day, &mut self.random);
        self.companies.push(company);
        let company = self.companies.len() - 1;
        let moment = self.working_moment(day, company);
        let source = self.random.weighted(&SOURCES);
        let visitor = self.random.chance(0.5).then(|| format!("anon_{:08x}", self.random.below(u32::MAX)));
        if let Some(visitor) = &visitor {
            for visit in (1..=self.random.between(1, 4)).rev() {
                let (number, page) = (self.next_event(), self.random.weighted(&PAGES));
                lines.visit(moment - i64::from(visit) * 90 * SECOND, number, visitor, page)?;
            }
        }
        let person = self.sign_up(company, "admin", source, day, moment, lines)?;
        if let Some(visitor) = &visitor {
            lines.alias(moment + SECOND, &self.people[person], visitor)?;
        }
        let founded = &self.companies[company];
        let about = properties([
            ("name", founded.name.as_str().into()),
            ("industry", founded.industry.into()),
            ("country", founded.country.code.into()),
            ("employees", founded.employees().into()),
            ("plan", founded.plan.name().into()),
            ("seats", (founded.seats as i64).into()),
        ]);
        lines.group(moment + 2 * SECOND, ("company", &founded.key), Some(&self.people[person]), about)
    }

    /// A person is there from now on.
    fn sign_up(
        &mut self,
        company: usize,
        role: &'static str,
        source: &'static str,
        day: u32,
        moment: i64,
        lines: &mut Lines,
    ) -> Result<usize, NameError> {
        let place = self.people.len();
        self.people.push(Person::new(place, company, role, (day, moment), &mut self.random));
        self.companies[company].members.push(place);
        let number = self.next_event();
        let (person, company) = (&self.people[place], &self.companies[company]);
        let about = properties([
            ("name", person.name.as_str().into()),
            ("email", person.email.as_str().into()),
            ("role", role.into()),
        ]);
        let first = properties([("first_source", source.into())]);
        let ops = PropertyOps { properties: about, set_once: first, ..PropertyOps::default() };
        lines.identify(moment, person, ops)?;
        lines.event(moment, number, person, (company, None), "signed_up", properties([("source", source.into())]))?;
        Ok(place)
    }

    /// A person may come today, and do something.
    fn let_come(&mut self, place: usize, day: u32, busy: f64, lines: &mut Lines) -> Result<(), NameError> {
        let person = &self.people[place];
        let company = &self.companies[person.company];
        if person.has_left || company.has_left {
            return Ok(());
        }
        let is_first_day = person.joined_day == day;
        let presence = person.presence(day, company.liking) * busy;
        if !is_first_day && !self.random.chance(presence) {
            // Who does not come may never come again, the more so the less they came.
            let leaves = 0.004 * (1.2 - person.habit) * busy;
            self.people[place].has_left = self.random.chance(leaves);
            return Ok(());
        }
        let company = person.company;
        // On the first day everything follows the sign-up.
        let mut moment =
            if is_first_day { self.people[place].joined + 3 * SECOND } else { self.working_moment(day, company) };
        if !self.people[place].is_onboarded && self.random.chance(0.72) {
            self.people[place].is_onboarded = true;
            moment += i64::from(self.random.between(60, 1500)) * SECOND;
            let steps = i64::from(self.random.between(3, 6));
            self.act(place, None, moment, "onboarding_finished", [("steps", steps.into())], lines)?;
        }
        if self.random.chance(0.004) && self.companies.len() > 20 {
            self.switch_company(place, moment, lines)?;
        }
        self.session(place, day, moment, lines)
    }

    /// A person does one thing.
    fn act<const N: usize>(
        &mut self,
        place: usize,
        project: Option<&str>,
        moment: i64,
        name: &str,
        about: [(&str, crate::model::Value); N],
        lines: &mut Lines,
    ) -> Result<(), NameError> {
        let number = self.next_event();
        let person = &self.people[place];
        lines.event(moment, number, person, (&self.companies[person.company], project), name, properties(about))
    }

    /// Somebody goes to work for another company.
    fn switch_company(&mut self, place: usize, moment: i64, lines: &mut Lines) -> Result<(), NameError> {
        let to = self.random.below(self.companies.len() as u32) as usize;
        let from = self.people[place].company;
        if to == from || self.companies[to].has_left || self.companies[from].members.len() < 3 {
            return Ok(());
        }
        self.companies[from].members.retain(|member| *member != place);
        self.companies[to].members.push(place);
        self.people[place].company = to;
        let company = &self.companies[to];
        lines.group(moment, ("company", &company.key), Some(&self.people[place]), properties([]))
    }

    /// What a person does while being there.
    fn session(&mut self, place: usize, day: u32, start: i64, lines: &mut Lines) -> Result<(), NameError> {
        let company = self.people[place].company;
        let mut moment = start + i64::from(self.random.between(5, 600)) * SECOND;
        let device = self.people[place].device;
        self.act(place, None, moment, "session_started", [("device", device.into())], lines)?;
        let has_projects = !self.companies[company].projects.is_empty();
        let may_edit = self.people[place].is_onboarded && self.people[place].role != "viewer";
        if may_edit && self.random.chance(if has_projects { 0.03 } else { 0.6 }) {
            moment += 3 * MINUTE;
            self.create_project(place, moment, lines)?;
        }
        for _ in 0..self.random.around(8.6 * (0.4 + self.people[place].habit)) {
            moment += i64::from(self.random.between(8, 900)) * SECOND;
            self.do_something(place, day, moment, lines)?;
        }
        let (members, potential) = (self.companies[company].members.len(), self.companies[company].potential);
        if members < potential && may_edit && self.random.chance(0.36) {
            moment += MINUTE;
            let role = self.random.weighted(&ROLES);
            self.act(place, None, moment, "invite_sent", [("role", role.into())], lines)?;
            if self.random.chance(0.72) {
                let later = moment + i64::from(self.random.between(4, 240)) * MINUTE;
                let person = self.sign_up(company, role, "invite", day, later, lines)?;
                let key = self.companies[company].key.clone();
                lines.group(later + SECOND, ("company", &key), Some(&self.people[person]), properties([]))?;
            }
        }
        if self.random.chance(0.012) {
            let topic = self.random.weighted(&TOPICS);
            let urgent = self.random.chance(0.2);
            let about = [("topic", topic.into()), ("urgent", urgent.into())];
            self.act(place, None, moment + 2 * MINUTE, "support_ticket_opened", about, lines)?;
        }
        Ok(())
    }

    fn create_project(&mut self, place: usize, moment: i64, lines: &mut Lines) -> Result<(), NameError> {
        self.projects += 1;
        let key = format!("project-{}", 100 + self.projects);
        let template = self.random.weighted(&TEMPLATES);
        let company = self.people[place].company;
        let about = properties([
            ("template", template.into()),
            ("company", self.companies[company].key.as_str().into()),
            ("archived", false.into()),
        ]);
        lines.group(moment, ("project", &key), None, about)?;
        self.act(place, Some(&key), moment, "project_created", [("template", template.into())], lines)?;
        self.companies[company].projects.push(key);
        Ok(())
    }

    /// One thing of everyday work.
    fn do_something(&mut self, place: usize, day: u32, moment: i64, lines: &mut Lines) -> Result<(), NameError> {
        let company = &self.companies[self.people[place].company];
        let plan = company.plan;
        let project =
            if company.projects.is_empty() { None } else { Some(self.random.pick(&company.projects).clone()) };
        let project = project.as_deref();
        match self.random.below(100) {
            0..56 => {
                let share = f64::from(day.saturating_sub(AI_CHART_DAY - 1)) / 60.0;
                let tries_new = self.random.chance(share.min(0.3) * if plan == Plan::Enterprise { 1.6 } else { 1.0 });
                let feature = if tries_new { "ai_chart" } else { self.random.weighted(&FEATURES) };
                let seconds = i64::from(self.random.between(2, 400));
                self.act(
                    place,
                    project,
                    moment,
                    "feature_used",
                    [("feature", feature.into()), ("seconds", seconds.into())],
                    lines,
                )
            }
            56..84 => {
                let report = self.random.weighted(&REPORTS);
                let rows = i64::from(self.random.between(1, 60) * self.random.between(1, 40));
                self.act(
                    place,
                    project,
                    moment,
                    "report_viewed",
                    [("report", report.into()), ("rows", rows.into())],
                    lines,
                )
            }
            84..95 => {
                let length = i64::from(self.random.between(3, 280));
                self.act(place, project, moment, "comment_added", [("characters", length.into())], lines)
            }
            _ => {
                let format = if self.random.chance(0.7) { "csv" } else { "pdf" };
                self.act(place, project, moment, "export_downloaded", [("format", format.into())], lines)
            }
        }
    }

    /// A company may pay, pay for more, or leave.
    fn let_decide(&mut self, place: usize, day: u32, lines: &mut Lines) -> Result<(), NameError> {
        let company = &self.companies[place];
        if company.has_left || company.members.is_empty() {
            return Ok(());
        }
        let (age, people, liking) = (day - company.joined_day, company.members.len(), company.liking);
        if company.plan == Plan::Trial {
            let is_convinced = people >= 2 && !company.projects.is_empty();
            if is_convinced && age >= 5 && self.random.chance(0.13 * liking) {
                return self.upgrade(place, day, lines);
            }
            if age >= TRIAL_DAYS && self.random.chance(if is_convinced { 0.008 } else { 0.06 }) {
                return self.cancel(place, day, "trial_ended", lines);
            }
            return Ok(());
        }
        if people > company.seats && self.random.chance(0.25) {
            return self.upgrade(place, day, lines);
        }
        if self.random.chance(0.002 * (1.25 - liking)) {
            let reason = if self.random.chance(0.5) { "price" } else { "missing_feature" };
            return self.cancel(place, day, reason, lines);
        }
        Ok(())
    }

    /// Whoever looks after money at a company: a member, and not often the one who signed up.
    fn buyer(&mut self, company: usize) -> usize {
        let members = &self.companies[company].members;
        *self.random.pick(members)
    }

    fn upgrade(&mut self, place: usize, day: u32, lines: &mut Lines) -> Result<(), NameError> {
        let (buyer, moment) = (self.buyer(place), self.working_moment(day, place) + 4 * HOUR);
        let company = &mut self.companies[place];
        let from = company.plan;
        company.plan = Plan::for_people(company.members.len()).max(from);
        company.seats = (company.members.len() + 4).max(company.seats);
        let amount = company.plan.seat_price() * company.seats as i64;
        let (to, seats) = (company.plan.name(), company.seats as i64);
        let about = properties([("plan", to.into()), ("seats", seats.into())]);
        let key = company.key.clone();
        let what = [("from", from.name().into()), ("to", to.into()), ("amount", amount.into())];
        self.act(buyer, None, moment, "upgraded", what, lines)?;
        lines.group(moment + SECOND, ("company", &key), None, about)
    }

    fn cancel(&mut self, place: usize, day: u32, reason: &str, lines: &mut Lines) -> Result<(), NameError> {
        let (buyer, moment) = (self.buyer(place), self.working_moment(day, place) + 5 * HOUR);
        self.act(buyer, None, moment, "cancelled", [("reason", reason.into())], lines)?;
        let company = &mut self.companies[place];
        company.has_left = true;
        let about = properties([("plan", "cancelled".into()), ("seats", 0.into())]);
        lines.group(moment + SECOND, ("company", &company.key), None, about)
    }
}
