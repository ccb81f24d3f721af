//! Signs of life on standard error while something takes long; hidden where that is no terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// A spinner with a message, for work whose length is not known.
pub fn spinner() -> ProgressBar {
    styled(ProgressBar::new_spinner(), "{spinner:.cyan} {msg}  {elapsed}")
}

/// A bar over so many bytes.
pub fn byte_bar(length: u64) -> ProgressBar {
    styled(
        ProgressBar::new(length),
        "{wide_bar:.cyan/blue} {bytes}/{total_bytes}  {msg}  {elapsed} of about {duration}",
    )
}

/// A counter of bytes whose number is not known.
pub fn byte_spinner() -> ProgressBar {
    styled(ProgressBar::new_spinner(), "{spinner:.cyan} {bytes}  {msg}  {elapsed}")
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
