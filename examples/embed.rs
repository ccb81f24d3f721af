//! Embeds the store in an application: two people of two companies, and how many companies used a feature.
//!
//! `cargo run --example embed`
#![expect(clippy::print_stdout, reason = "an example shows its answer")]

use trackcrumb::language::{Filter, Op, Trends};
use trackcrumb::model::Timestamp;
use trackcrumb::store::{Environment, SystemEnvironment};
use trackcrumb::{Store, Tracker, reports};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::temp_dir().join(format!("trackcrumb-embed-{}", std::process::id()));
    let store = Store::open(&directory)?;

    // One tracker per signed-in person; the group context goes along with every event.
    let mut ann = Tracker::new(store.clone(), "ann")?;
    ann.identify("ann", [("role", "admin")])?;
    ann.group("company", "acme-corp", [("plan", "enterprise")])?;
    ann.track("feature_used", [("feature", "ai_chart")])?;

    let mut bob = Tracker::new(store.clone(), "bob")?;
    bob.group("company", "globex", [("plan", "free")])?;
    bob.track("feature_used", [("feature", "ai_chart")])?;
    bob.track("feature_used", [("feature", "export")])?;

    // What is acknowledged is in the next report.
    let now: Timestamp = SystemEnvironment.now();
    let report = Trends::new("-1d", "now")
        .count_by_group("company")
        .filter(Filter::property("feature", Op::Is, "ai_chart"))
        .series("feature_used")
        .now(Timestamp::from_micros(now.micros() + 1)?)
        .build()?;
    let answer = reports::run(&store.snapshot()?, &report, now)?;
    println!("{}", serde_json::to_string_pretty(&answer)?);

    store.close()?;
    std::fs::remove_dir_all(directory)?;
    Ok(())
}
