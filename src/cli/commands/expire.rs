//! `expire`: events that are too old, for good, once or from now on.

use super::super::data::{DataArg, close};
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::Output;
use super::super::removal::{ConfirmArgs, remove};
use super::super::text::{counted, list};
use crate::language::SPAN_DAYS_MAX;
use crate::store::{Environment, SystemEnvironment};
use clap::{ArgGroup, Args};

/// Delete events that are too old for good, once or from now on
///
/// Events with a timestamp before a midnight of UTC go: the midnight as many days before today as events are kept.
/// identify(), group() and alias() calls stay; what only such events said goes with them: who belongs to which group,
/// and users and keys that nothing else names.
///
/// With --keep, an event that is older may or may not still be in answers until maintenance, or `compact`, has run.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("age").required(true).args(["older_than", "keep"])))]
#[command(after_help = "\
Examples:
  trackcrumb expire --older-than 400d --dry-run
  trackcrumb expire --keep 400d
  trackcrumb expire --keep forever")]
pub struct Arguments {
    /// Delete events older than this, once: days (`400d`) or weeks (`57w`)
    #[arg(long, value_name = "AGE", value_parser = days)]
    older_than: Option<u32>,
    /// Keep events so long from now on, or `forever`; what is older goes with background maintenance, and with `compact`
    #[arg(long, value_name = "AGE", value_parser = keep, conflicts_with_all = ["yes", "dry_run"])]
    keep: Option<Keep>,
    #[command(flatten)]
    confirm: ConfirmArgs,
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    format: FormatArg,
}

/// How long events are kept.
#[derive(Clone, Copy, Debug)]
enum Keep {
    Days(u32),
    Forever,
}

/// Whole days, written as days or weeks.
fn days(text: &str) -> Result<u32, String> {
    let parsed = [("d", 1), ("w", 7)].into_iter().find_map(|(unit, days)| {
        let count = text.strip_suffix(unit).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        count.parse::<u32>().ok()?.checked_mul(days)
    });
    match parsed {
        Some(days) if (1..=SPAN_DAYS_MAX).contains(&days) => Ok(days),
        _ => Err("must be days or weeks, at least one, such as 400d or 57w".to_owned()),
    }
}

fn keep(text: &str) -> Result<Keep, String> {
    if text == "forever" { Ok(Keep::Forever) } else { days(text).map(Keep::Days) }
}

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    output.set_format(arguments.format.format);
    if let Some(days) = arguments.older_than {
        let now = SystemEnvironment.now();
        let plan = |snapshot: &crate::store::Snapshot| snapshot.removal_by_age(now, days);
        return remove(&arguments.data, arguments.confirm, output, plan, |store| store.expire(days));
    }
    let days = match arguments.keep {
        Some(Keep::Days(days)) => Some(days),
        Some(Keep::Forever) | None => None,
    };
    let store = arguments.data.open_existing(output)?;
    store.set_keep_days(days)?;
    close(store)?;
    output.note(&match days {
        Some(days) => format!(
            "events are kept for {}; what is older goes with background maintenance, and at once with {}",
            counted(u64::from(days), "day"),
            list(&["trackcrumb compact"])
        ),
        None => "events are kept for ever".to_owned(),
    });
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_whole_days_or_weeks() {
        assert_eq!((days("400d"), days("2w")), (Ok(400), Ok(14)));
        for text in ["", "d", "0d", "400", "1.5d", "-3d", "+3d", "3h", "4000000d", "9999999999w"] {
            assert!(days(text).is_err(), "{text}");
        }
    }
}
