//! What applications are given to send with: this server's address, and the key that they need.

use super::icon::Icon;
use maud::{Markup, html};

/// Ways to send to this server.
#[derive(Clone, Copy, Debug)]
pub struct Snippets<'a> {
    /// Under which the server is asked, such as `http://127.0.0.1:8080`.
    pub origin: &'a str,
    /// The write key; `None` where none is needed.
    pub key: Option<&'a str>,
}

impl Snippets<'_> {
    /// For the head of a page.
    pub fn browser(&self) -> Markup {
        let key = self.key.map_or_else(|| "null".to_owned(), |key| format!("\"{key}\""));
        let code = format!(
            "<script src=\"{}/tracker.js\"></script>\n<script>\n  tracker.init({key});\n  tracker.identify(\"user_42\");\n  \
             tracker.group(\"company\", \"acme-corp\", {{\n    name: \"Acme Corporation\", plan: \"enterprise\", seats: 120\n  }});\n  \
             tracker.track(\"feature_used\", {{ feature: \"ai_chart\" }});\n</script>",
            self.origin
        );
        copied("the browser snippet", &code)
    }

    /// One event from a terminal.
    pub fn curl(&self) -> Markup {
        let code = format!(
            "curl {}/v1/track{} \\\n  -d '{{\"distinct_id\":\"user_42\",\"event\":\"feature_used\",\n       \
             \"groups\":{{\"company\":\"acme-corp\"}}}}'",
            self.origin,
            self.bearer()
        );
        copied("the curl command", &code)
    }

    /// Many lines from a file.
    pub fn batch(&self) -> Markup {
        let code = format!("curl {}/v1/batch{} \\\n  --data-binary @events.ndjson", self.origin, self.bearer());
        copied("the batch command", &code)
    }

    fn bearer(&self) -> String {
        self.key.map_or_else(String::new, |key| format!(" \\\n  -H 'Authorization: Bearer {key}'"))
    }
}

/// Code with a button that copies it.
pub fn copied(what: &str, code: &str) -> Markup {
    html! {
        div class="copy" {
            button class="btn s" type="button" hidden data-copy aria-label={ "Copy " (what) } { (Icon::Export.small()) "Copy" }
            pre tabindex="0" role="region" aria-label=(what) { (code) }
        }
    }
}
