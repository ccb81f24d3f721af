//! `/api`: the description of all addresses as a page for people, made from the same document as `/api/openapi.json`.

use super::asset::{Asset, Reach};
use super::endpoint::Endpoint;
use super::openapi;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use serde_json::{Map, Value};

const STYLE: Asset =
    Asset { media: "text/css; charset=utf-8", bytes: include_bytes!("reference.css"), reach: Reach::SameOrigin };

/// Nothing but its own style may be loaded.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

/// `GET /api/reference.css`.
pub(super) async fn style(headers: HeaderMap) -> Response {
    STYLE.answer(&headers)
}

/// `GET /api`.
pub(super) async fn page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, render(&openapi::document()).into_string()).into_response()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The fields of an object; none of anything else.
fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn render(document: &Value) -> Markup {
    let info = &document["info"];
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "HTTP interface of trackcrumb" }
                link rel="stylesheet" href=(Endpoint::ReferenceStyle.path());
            }
            body {
                main {
                    h1 { "HTTP interface" }
                    p { "trackcrumb " (text(&info["version"])) ". " (text(&info["description"])) }
                    p {
                        "For programs: " a href=(Endpoint::OpenApi.path()) { (Endpoint::OpenApi.path()) } "."
                    }
                    @for (title, prefix) in [("Send", "/v1/"), ("Ask", "/api/"), ("Run", "/")] {
                        h2 { (title) }
                        @for (path, method) in Endpoint::ALL.map(|endpoint| (endpoint.path(), endpoint.method())) {
                            @if section(path) == prefix {
                                @let operation = &document["paths"][path][method];
                                @if !operation.is_null() { (described(path, method, operation)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Under which heading an address stands.
fn section(path: &str) -> &'static str {
    ["/v1/", "/api/"].into_iter().find(|prefix| path.starts_with(prefix)).unwrap_or("/")
}

fn described(path: &str, method: &str, operation: &Value) -> Markup {
    let example = &operation["requestBody"]["content"]["application/json"]["example"];
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    html! {
        details {
            summary {
                code class="method" { (method.to_uppercase()) }
                code { (path) }
                span { (text(&operation["summary"])) }
            }
            div class="body" {
                @if !parameters.is_empty() {
                    h3 { "Parameters" }
                    div class="scroll" {
                        table {
                            @for parameter in parameters {
                                tr {
                                    th scope="row" { code { (text(&parameter["name"])) } }
                                    td { (text(&parameter["schema"]["type"])) ", in the " (text(&parameter["in"])) }
                                    td { (text(&parameter["description"])) }
                                }
                            }
                        }
                    }
                }
                @if !example.is_null() {
                    h3 { "Example" }
                    pre tabindex="0" { (serde_json::to_string_pretty(example).unwrap_or_default()) }
                }
                h3 { "Answers" }
                div class="scroll" {
                    table {
                        @for (status, response) in fields(&operation["responses"]) {
                            tr {
                                th scope="row" { code { (status) } }
                                td { (text(&response["description"])) }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_address_is_on_the_page() {
        let page = render(&openapi::document()).into_string();
        for endpoint in Endpoint::ALL {
            let path = endpoint.path();
            assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
        }
    }

    #[test]
    fn text_stays_text() {
        let hostile = "<script>alert(1)</script>";
        let document = json!({ "paths": { "/v1/track": { "post": {
            "summary": hostile,
            "requestBody": { "content": { "application/json": { "example": hostile } } },
        } } } });
        let page = render(&document).into_string();
        assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"), "{page}");
    }
}
