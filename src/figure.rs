//! Numbers, durations and lengths as people read them, on a terminal and on pages.

/// 12406 as `12,406`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 line`, `12,406 lines`.
pub fn counted(number: u64, singular: &str) -> String {
    plural(number, singular, &format!("{singular}s"))
}

/// `1 company`, `2 companies`.
pub fn plural(number: u64, singular: &str, plural: &str) -> String {
    format!("{} {}", count(number), if number == 1 { singular } else { plural })
}

/// A measured number with at most two decimals, thousands apart.
pub fn number(value: f64) -> String {
    if !(-1e15..=1e15).contains(&value) {
        return format!("{value:e}");
    }
    let rounded = format!("{:.2}", value.abs());
    let (whole, decimals) = rounded.split_once('.').unwrap_or((&rounded, ""));
    let mut out = count(whole.parse().unwrap_or(0));
    let decimals = decimals.trim_end_matches('0');
    if !decimals.is_empty() {
        out = format!("{out}.{decimals}");
    }
    if value < 0.0 && out != "0" { format!("-{out}") } else { out }
}

/// A share from 0 to 1 as `61.2%`.
pub fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// A time span: `850 ms`, `41 s`, `12 min`, `1 h 52 min`, `2 d 19 h`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round();
    if whole < 1.0 {
        return format!("{:.0} ms", seconds * 1000.0);
    }
    let whole = whole as u64;
    let (minutes, hours, days) = (whole / 60, whole / 3600, whole / 86_400);
    let pair = |large: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {unit}"),
        small => format!("{large} {unit} {small} {small_unit}"),
    };
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => pair(minutes, "min", if minutes < 10 { whole % 60 } else { 0 }, "s"),
        3600..86_400 => pair(hours, "h", minutes % 60, "min"),
        _ => pair(days, "d", hours % 24, "h"),
    }
}

/// A length in bytes: `512 B`, `41.2 KiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_the_way_people_write_them() {
        assert_eq!([0, 999, 1000, 12_406, 1_234_567].map(count), ["0", "999", "1,000", "12,406", "1,234,567"]);
        assert_eq!([0.0, -0.001, 1234.5, -2.25, 1e300].map(number), ["0", "0", "1,234.5", "-2.25", "1e300"]);
        assert_eq!([0.612, 1.0].map(percent), ["61.2%", "100.0%"]);
        assert_eq!(counted(1, "line"), "1 line");
        assert_eq!([0, 1024, 5_000_000].map(bytes), ["0 B", "1.0 KiB", "4.8 MiB"]);
    }

    #[test]
    fn durations_have_two_parts_at_most() {
        let cases = [(0.25, "250 ms"), (59.4, "59 s"), (61.0, "1 min 1 s"), (754.0, "12 min"), (3600.0, "1 h")];
        let more = [(6730.0, "1 h 52 min"), (241_300.0, "2 d 19 h")];
        for (seconds, expected) in cases.into_iter().chain(more) {
            assert_eq!(duration(seconds), expected);
        }
    }
}
