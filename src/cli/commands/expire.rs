//! `expire`: events that are too old, for good, once or from now on.

use super::super::data::{DataArg, close};
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::Output;
use super::super::removal::{ConfirmArgs, remove};
use super::super::text::counted;
use crate::Store;
use crate::language::SPAN_DAYS_MAX;
use crate::store::{Environment, Snapshot, SystemEnvironment};
use clap::{ArgGroup, Args};

/// Delete events that are too old for good, once or from now on
///
/// Events with a timestamp before a midnight of UTC go: the midnight as many days before today as events are kept.
/// identify(), group() and alias() calls stay; what only such events said goes with them: who belongs to which group,
/// and users and keys that nothing else names.
///
/// With --keep, an event that grows older later may or may not still be in answers until maintenance, or `compact`,
/// has run.
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
    /// Delete events older than this now, and from now on with maintenance and with `compact`; `forever` ends that
    #[arg(long, value_name = "AGE", value_parser = keep)]
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
    let (days, is_kept) = match (arguments.older_than, arguments.keep) {
        (None, Some(Keep::Forever) | None) => return keep_forever(arguments, output),
        (None, Some(Keep::Days(days))) => (days, true),
        (Some(days), _) => (days, false),
    };
    let now = SystemEnvironment.now();
    let plan = |snapshot: &Snapshot| snapshot.removal_by_age(now, days);
    let act = |store: &Store| {
        if is_kept {
            store.set_keep_days(Some(days))?;
        }
        store.expire(days)
    };
    let exit = remove(&arguments.data, arguments.confirm, output, plan, act)?;
    if is_kept && !arguments.confirm.dry_run {
        let days = counted(u64::from(days), "day");
        output.note(&format!("events are kept for {days} from now on; what grows older goes with maintenance"));
    }
    Ok(exit)
}

fn keep_forever(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    let store = arguments.data.open_existing(output)?;
    store.set_keep_days(None)?;
    close(store)?;
    output.note("events are kept for ever");
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
