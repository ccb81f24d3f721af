//! `delete`: users or group keys, for good.

use super::super::data::DataArg;
use super::super::exit::{Exit, Failure};
use super::super::format::FormatArg;
use super::super::output::Output;
use super::super::removal::{ConfirmArgs, remove};
use clap::{Args, Subcommand};

/// Delete users, or keys of a group type, for good
///
/// It is said first what would go. What is deleted is in no answer and in no file of the store any more; copies made by
/// `backup` or `export` are not touched. What arrives later makes the user or the key anew.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  trackcrumb delete user user_42 --dry-run
  trackcrumb delete group company acme-corp globex --yes")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    data: DataArg,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Delete users: the events, identify() calls, associations and aliases of all their ids
    ///
    /// Properties of groups that they wrote stay, and so do saved cohorts.
    #[command(after_help = "Example:\n  trackcrumb delete user user_42 --yes")]
    User {
        /// The users, each by any of its ids
        #[arg(required = true)]
        ids: Vec<String>,
        #[command(flatten)]
        confirm: ConfirmArgs,
        #[command(flatten)]
        format: FormatArg,
    },
    /// Delete keys: their group() calls and associations, and the key from events, which stay
    #[command(after_help = "Example:\n  trackcrumb delete group company acme-corp --yes")]
    Group {
        /// The group type
        #[arg(value_name = "TYPE")]
        group_type: String,
        /// The keys
        #[arg(required = true)]
        keys: Vec<String>,
        #[command(flatten)]
        confirm: ConfirmArgs,
        #[command(flatten)]
        format: FormatArg,
    },
}

/// Runs the command.
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Failure> {
    let data = &arguments.data;
    match &arguments.what {
        What::User { ids, confirm, format } => {
            output.set_format(format.format);
            let plan = |snapshot: &crate::store::Snapshot| snapshot.removal_of_users(ids);
            remove(data, *confirm, output, plan, |store| store.delete_users(ids))
        }
        What::Group { group_type, keys, confirm, format } => {
            output.set_format(format.format);
            let plan = |snapshot: &crate::store::Snapshot| snapshot.removal_of_keys(group_type, keys);
            remove(data, *confirm, output, plan, |store| store.delete_keys(group_type, keys))
        }
    }
}
