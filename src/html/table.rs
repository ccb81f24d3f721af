//! What tables share: headings by which they are sorted, and the way from page to page.

use super::address::Address;
use super::icon::Icon;
use super::visit::Visit;
use maud::{Markup, html};

/// In which order a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

impl Order {
    fn word(self) -> &'static str {
        match self {
            Self::Ascending => "ascending",
            Self::Descending => "descending",
        }
    }

    fn icon(self) -> Icon {
        match self {
            Self::Ascending => Icon::Ascending,
            Self::Descending => Icon::Descending,
        }
    }
}

/// The heading of a column: `order` where the table is sorted by it, `other` where it can be sorted otherwise.
pub fn heading(name: &str, order: Option<Order>, other: Option<&Address>) -> Markup {
    let shown = html! { (name) @if let Some(order) = order { " " (order.icon().small()) } };
    html! {
        th scope="col" class="nowrap" aria-sort=[order.map(Order::word)] {
            @if let Some(address) = other { a href=(address) { (shown) } } @else { span class="sorted" { (shown) } }
        }
    }
}

/// The way from page to page of a list.
#[derive(Debug)]
pub struct Pager<'a> {
    /// Which rows these are, such as `1–20 of 4,790`.
    pub told: String,
    /// The path of the list.
    pub path: Address,
    /// What stays when the number of rows is changed, beside the workspace.
    pub kept: &'a [(&'static str, &'a str)],
    /// How many rows a page has.
    pub rows: usize,
    /// How many it may have.
    pub choices: &'a [usize],
    /// The page before.
    pub previous: Option<Address>,
    /// The page after.
    pub next: Option<Address>,
}

impl Pager<'_> {
    /// The line below a table.
    pub fn draw(&self, visit: &Visit) -> Markup {
        html! {
            nav class="pager" aria-label="Pages of the list" {
                span { (self.told) }
                div class="right" {
                    form class="inline" method="get" action=(self.path) {
                        (visit.kept())
                        @for (name, value) in self.kept { input type="hidden" name=(name) value=(value); }
                        label class="sr" for="limit" { "Rows" }
                        select id="limit" name="limit" data-submit {
                            @for choice in self.choices {
                                option value=(choice) selected[*choice == self.rows] { (choice) " rows" }
                            }
                        }
                        noscript { button class="btn" { "Apply" } }
                    }
                    (step("Previous", self.previous.as_ref()))
                    (step("Next", self.next.as_ref()))
                }
            }
        }
    }
}

impl Pager<'_> {
    /// The way through a list that has nothing else to choose.
    pub fn steps(label: &str, told: &str, previous: Option<&Address>, next: Option<&Address>) -> Markup {
        html! {
            nav class="pager" aria-label=(label) {
                span { (told) }
                div class="right" { (step("Previous", previous)) (step("Next", next)) }
            }
        }
    }
}

fn step(name: &str, address: Option<&Address>) -> Markup {
    html! {
        @if let Some(address) = address {
            a class="btn" href=(address) { (name) }
        } @else {
            span class="btn" role="link" aria-disabled="true" { (name) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_says_its_order_and_links_to_the_other() {
        let address = Address::new("/groups").with("sort", "key");
        let linked = heading("Key", Some(Order::Ascending), Some(&address)).into_string();
        assert!(linked.starts_with(
            r#"<th scope="col" class="nowrap" aria-sort="ascending"><a href="/groups?sort=key">Key <svg"#
        ));
        assert_eq!(
            heading("Key", None, None).into_string(),
            r#"<th scope="col" class="nowrap"><span class="sorted">Key</span></th>"#
        );
    }

    #[test]
    fn a_page_that_is_not_there_is_no_link() {
        let path = Address::new("/groups");
        let pager = Pager {
            told: "1–20 of 21".to_owned(),
            path: path.clone(),
            kept: &[("search", "a\"b")],
            rows: 20,
            choices: &[20, 50],
            previous: None,
            next: Some(path.with("cursor", "~x")),
        };
        let shown = pager.draw(&Visit::sample()).into_string();
        assert!(shown.contains(r#"<span class="btn" role="link" aria-disabled="true">Previous</span>"#), "{shown}");
        assert!(shown.contains(r#"<a class="btn" href="/groups?cursor=~x">Next</a>"#), "{shown}");
        assert!(shown.contains(r#"<input type="hidden" name="search" value="a&quot;b">"#), "{shown}");
        assert!(shown.contains(r#"<option value="20" selected>"#), "{shown}");
    }
}
