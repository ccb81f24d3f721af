//! `/licenses`: what the program and what it carries for browsers may be used for.

use super::frame::Frame;
use maud::{Markup, html};

/// One of the texts.
struct License {
    heading: &'static str,
    /// What it covers.
    about: &'static str,
    texts: &'static [&'static str],
}

const APACHE: &str = include_str!("../../LICENSE-APACHE");

const LICENSES: [License; 4] = [
    License {
        heading: "trackcrumb",
        about: "Under either of two licences, at your option: MIT or Apache-2.0.",
        texts: &[include_str!("../../LICENSE-MIT"), APACHE],
    },
    License {
        heading: "Apache ECharts 5.5.1",
        about: "Draws the charts. Under Apache-2.0, the text of which is above.",
        texts: &[include_str!("licenses/echarts-notice.txt")],
    },
    License {
        heading: "ZRender 5.6.0",
        about: "A part of Apache ECharts.",
        texts: &[include_str!("licenses/zrender.txt")],
    },
    License { heading: "d3", about: "Parts of it are in Apache ECharts.", texts: &[include_str!("licenses/d3.txt")] },
];

/// The page.
pub fn licenses() -> Markup {
    let content = html! {
        div class="head" {
            div { h1 { "Licences" } p class="sub" { "Of this program, and of what it sends to your browser" } }
        }
        @for license in &LICENSES {
            section class="card" {
                header { h2 { (license.heading) } span class="sub" { (license.about) } }
                div class="body gcol" {
                    @for (place, text) in license.texts.iter().enumerate() {
                        pre tabindex="0" role="region" aria-label={ (license.heading) ", text " (place + 1) } { (text) }
                    }
                }
            }
        }
    };
    Frame { title: "Licences", place: None, visit: None }.around(&content)
}
