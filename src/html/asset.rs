//! The files that pages load, compiled in. All have one hash in their addresses, so that browsers may keep them for
//! ever, and modules of one set import each other by relative addresses.

use super::address::Address;
use std::sync::LazyLock;

/// Under which all of them are.
pub const PATH: &str = "/assets";

/// One file.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// The last part of its address.
    pub name: &'static str,
    /// Its media type.
    pub media: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
    /// Whether the bytes are packed with gzip.
    pub is_packed: bool,
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const fn plain(name: &'static str, media: &'static str, bytes: &'static str) -> File {
    File { name, media, bytes: bytes.as_bytes(), is_packed: false }
}

/// The style of all pages. Rules of later files go before those of earlier ones.
const STYLE: &str = concat!(
    include_str!("assets/style/tokens.css"),
    include_str!("assets/style/base.css"),
    include_str!("assets/style/frame.css"),
    include_str!("assets/style/controls.css"),
    include_str!("assets/style/cards.css"),
    include_str!("assets/style/report.css"),
    include_str!("assets/style/plots.css"),
    include_str!("assets/style/tables.css"),
    include_str!("assets/style/funnel.css"),
    include_str!("assets/style/retention.css"),
    include_str!("assets/style/answers.css"),
    include_str!("assets/style/states.css"),
    include_str!("assets/style/dashboard.css"),
    include_str!("assets/style/overlays.css"),
    include_str!("assets/style/narrow.css"),
);

/// All files.
pub const FILES: &[File] = &[
    plain("pages.css", CSS, STYLE),
    plain("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
    plain("theme.js", SCRIPT, include_str!("assets/theme.js")),
    plain("pages.js", SCRIPT, include_str!("assets/pages.js")),
    plain("report.js", SCRIPT, include_str!("assets/report.js")),
    plain("address.js", SCRIPT, include_str!("assets/address.js")),
    plain("series.js", SCRIPT, include_str!("assets/series.js")),
    plain("table.js", SCRIPT, include_str!("assets/table.js")),
    plain("choose.js", SCRIPT, include_str!("assets/choose.js")),
    plain("panel.js", SCRIPT, include_str!("assets/panel.js")),
    plain("chart.js", SCRIPT, include_str!("assets/chart.js")),
    plain("dashboard.js", SCRIPT, include_str!("assets/dashboard.js")),
    plain("feed.js", SCRIPT, include_str!("assets/feed.js")),
    // Apache ECharts; `build.rs` says where it comes from.
    File {
        name: "echarts.js",
        media: SCRIPT,
        bytes: include_bytes!(concat!(env!("OUT_DIR"), "/echarts.js.gz")),
        is_packed: true,
    },
];

/// Changes with every byte of every file.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = blake3::Hasher::new();
    for file in FILES {
        hasher.update(&(file.bytes.len() as u64).to_le_bytes()).update(file.bytes).update(file.name.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
});

/// Where the file of this name is.
pub fn address(name: &str) -> Address {
    Address::new(PATH).part(&HASH).part(name)
}

/// The file of an address.
pub fn find(hash: &str, name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| hash == *HASH && file.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_is_found_under_its_address_and_no_other() {
        for file in FILES {
            let address = address(file.name).to_string();
            let (hash, name) = address.strip_prefix("/assets/").unwrap().split_once('/').unwrap();
            assert_eq!(find(hash, name).unwrap().bytes, file.bytes);
            assert!(find("0000000000000000", name).is_none() && find(hash, "other").is_none());
        }
        assert_eq!(FILES.iter().map(|file| file.name).collect::<BTreeSet<_>>().len(), FILES.len());
    }

    #[test]
    fn styles_load_nothing_of_elsewhere() {
        assert!(!STYLE.contains("@import"));
        for place in STYLE.split("url(").skip(1) {
            assert!(place.starts_with("\"data:image/svg+xml,") || place.starts_with('#'), "{}", &place[..40]);
        }
        assert_eq!(STYLE.matches('{').count(), STYLE.matches('}').count());
    }
}
