//! `/api/openapi.json`: the addresses, described from the very list that the routes are made from.

use super::endpoint::{Access, Endpoint};
use axum::Json;
use serde_json::{Map, Value, json};

/// `GET /api/openapi.json`.
pub(super) async fn answer() -> Json<Value> {
    Json(document())
}

pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for endpoint in Endpoint::ALL {
        let path = paths.entry(endpoint.path()).or_insert_with(|| json!({}));
        path[endpoint.method()] = operation(endpoint);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "trackcrumb",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Exact product analytics by users and by groups. Bodies may be plain, gzip or zstd, told by their content.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "write_key": { "type": "http", "scheme": "bearer", "description": "Only sends. Also taken as `?key=`." },
                "write_key_in_query": { "type": "apiKey", "in": "query", "name": "key" },
                "read_key": { "type": "http", "scheme": "bearer", "description": "Everything else." },
            },
            "schemas": schemas(),
        },
    })
}

fn operation(endpoint: Endpoint) -> Value {
    let mut operation = json!({
        "operationId": format!("{endpoint:?}"),
        "summary": endpoint.summary(),
        "responses": responses(endpoint),
    });
    let security = match Access::of(endpoint.path()) {
        Access::Write => json!([{ "write_key": [] }, { "write_key_in_query": [] }, {}]),
        Access::Read | Access::Server => json!([{ "read_key": [] }, {}]),
        Access::Public => json!([]),
    };
    operation["security"] = security;
    let parameters = parameters(endpoint);
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    if let Some(content) = body(endpoint) {
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

const FILTER: (&str, &str, &str) = (
    "filter",
    "string",
    "Only those that meet this condition, in JSON as the `where` of a cohort: `property`, `all`, `any`, `not`, and of users `member_of`.",
);
const SORT: (&str, &str, &str) =
    ("sort", "string", "`recent`, `name` or `property:PATH`; reversed when `-` stands before it.");
const OWNER: [(&str, &str, &str); 3] = [
    ("of", "string", "Whose properties: `event`, `user` or `group`."),
    ("event", "string", "With `of=event`: the event, any when left out."),
    ("group", "string", "With `of=group`: the group type."),
];

fn parameters(endpoint: Endpoint) -> Vec<Value> {
    let path = endpoint.path().split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path =
        path.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let in_query: &[(&str, &str, &str)] = match endpoint {
        Endpoint::Groups => &[
            ("search", "string", "Only keys that contain this text, or have a property that does."),
            FILTER,
            SORT,
            ("limit", "integer", "The most rows, 50 when left out."),
            ("cursor", "string", "The `next_cursor` of the page before, or the `previous_cursor` of the page after."),
            (
                "count",
                "boolean",
                "Also tell `previous_cursor`, and how many rows there are: `first` before these, `total` in the list, `all` without search and filter.",
            ),
        ],
        Endpoint::Users => &[
            ("search", "string", "Only users whose id contains this text, or who have a property that does."),
            FILTER,
            SORT,
            ("limit", "integer", "The most rows, 50 when left out."),
            ("cursor", "string", "The `next_cursor` of the page before, or the `previous_cursor` of the page after."),
        ],
        Endpoint::Properties => &OWNER,
        Endpoint::Home => &[
            ("group", "string", "The group type that is counted; users when left out."),
            ("timezone", "string", "Whose calendar says what a day is; the workspace's when left out."),
        ],
        Endpoint::Feed => &[
            ("since", "integer", "The `next` of the answer before: only what arrived since."),
            ("limit", "integer", "The most events, 20 when left out."),
        ],
        Endpoint::Values => &[
            OWNER[0],
            OWNER[1],
            OWNER[2],
            ("property", "string", "The property, as a dotted path."),
            ("search", "string", "Only values that contain this text."),
            ("limit", "integer", "The most values, 20 when left out."),
        ],
        Endpoint::Events => &[
            ("name", "string", "The event whose properties are wanted."),
            (
                "days",
                "integer",
                "How the events were used on so many days of UTC before today, and today; with warnings.",
            ),
        ],
        _ => &[],
    };
    let in_query = in_query.iter().map(|(name, kind, description)| {
        json!({ "name": name, "in": "query", "description": description, "schema": { "type": kind } })
    });
    let has_workspace = matches!(Access::of(endpoint.path()), Access::Read | Access::Write);
    let workspace = has_workspace.then(|| {
        let description = "The workspace, `default` when left out; a key tells its own.";
        json!({ "name": "workspace", "in": "query", "description": description, "schema": { "type": "string" } })
    });
    let header = endpoint.is_sent().then(|| {
        let description = "A batch sent again under the same text within a day is a duplicate as a whole.";
        json!({ "name": "Idempotency-Key", "in": "header", "description": description, "schema": { "type": "string" } })
    });
    in_path.chain(in_query).chain(workspace).chain(header).collect()
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn body(endpoint: Endpoint) -> Option<Value> {
    let line = match endpoint {
        Endpoint::Track => "Track",
        Endpoint::Identify => "Identify",
        Endpoint::Group => "Group",
        Endpoint::Alias => "Alias",
        Endpoint::Batch => {
            let list =
                json!({ "type": "array", "items": { "type": "object" }, "maxItems": super::limits::BATCH_LINES_MAX });
            let wrapped = json!({ "type": "object", "properties": { "batch": list }, "required": ["batch"] });
            let content = json!({ "schema": { "oneOf": [list, wrapped] }, "example": example(endpoint) });
            return Some(json!({
                "application/json": content,
                "application/x-ndjson": { "schema": { "type": "string" } },
            }));
        }
        posted if posted.is_post() && !posted.has_no_body() => {
            return Some(json!({ "application/json": { "schema": { "type": "object" }, "example": example(posted) } }));
        }
        _ => return None,
    };
    Some(json!({ "application/json": { "schema": reference(line), "example": example(endpoint) } }))
}

/// A body that the address takes as it stands.
fn example(endpoint: Endpoint) -> Value {
    let track = json!({
        "distinct_id": "user_42",
        "event": "feature_used",
        "groups": { "company": "acme-corp" },
        "properties": { "feature": "ai_chart" },
    });
    match endpoint {
        Endpoint::Track => track,
        Endpoint::Identify => json!({ "distinct_id": "user_42", "properties": { "role": "admin" } }),
        Endpoint::Group => json!({
            "group_type": "company",
            "group_key": "acme-corp",
            "distinct_id": "user_42",
            "properties": { "plan": "enterprise" },
        }),
        Endpoint::Alias => json!({ "distinct_id": "user_42", "alias": "anonymous-7f3a" }),
        Endpoint::Batch => {
            let mut line = json!({ "type": "track" });
            if let (Value::Object(line), Value::Object(track)) = (&mut line, track) {
                line.extend(track);
            }
            json!({ "batch": [line] })
        }
        Endpoint::Report => json!({
            "report": "trends",
            "from": "-30d",
            "to": "now",
            "count_by": { "group": "company" },
            "series": [{ "event": "feature_used" }],
        }),
        Endpoint::SaveReport => {
            json!({ "name": "Companies, 30 days", "report": example(Endpoint::Report), "view": "chart=bars" })
        }
        Endpoint::ChangeReport => json!({ "name": "Companies that used it" }),
        Endpoint::NewDashboard => json!({ "name": "Monday", "tiles": [{ "report": "0f3a5c7e9b1d", "width": "half" }] }),
        Endpoint::ChangeDashboard => json!({ "tiles": [{ "report": "0f3a5c7e9b1d", "width": "full" }] }),
        Endpoint::ChangeSettings => json!({ "timezone": "Europe/Berlin", "keep_days": null, "only_declared": true }),
        Endpoint::DeclareGroupType => json!({ "type": "company", "name": "Companies" }),
        Endpoint::NewKey => json!({ "kind": "write", "name": "shop" }),
        Endpoint::PreviewDelete | Endpoint::Delete => json!({ "users": ["user_42"] }),
        _ => Value::Null,
    }
}

fn responses(endpoint: Endpoint) -> Value {
    let error = |description: &str| json!({ "description": description, "content": { "application/json": { "schema": reference("Error") } } });
    let (media, schema) = match endpoint {
        Endpoint::Health | Endpoint::Metrics => ("text/plain", json!({ "type": "string" })),
        sent if sent.is_sent() => ("application/json", reference("Received")),
        Endpoint::Reference => ("text/html", json!({ "type": "string" })),
        Endpoint::ReferenceStyle => ("text/css", json!({ "type": "string" })),
        Endpoint::Sdk => ("text/javascript", json!({ "type": "string" })),
        Endpoint::SdkTypes => ("text/plain", json!({ "type": "string" })),
        _ => ("application/json", json!({ "type": "object" })),
    };
    let done = if endpoint.is_sent() { "It is durable." } else { "The answer." };
    let mut responses = json!({
        "200": { "description": done, "content": { media: { "schema": schema } } },
        "503": error("Too much is going on, or the disk takes nothing; try again after Retry-After."),
    });
    if Access::of(endpoint.path()) != Access::Public {
        responses["401"] = error("A key is missing or unknown.");
        responses["403"] = error("A key of the other kind, or a Host or Origin that is not this server's.");
    }
    if endpoint.is_post() {
        responses["400"] = error("Nothing of it can be used.");
        responses["408"] = error("The body did not arrive in time.");
        responses["413"] = error("The body is too large, or unpacks to too much, or has too many lines.");
    }
    if endpoint.is_sent() {
        responses["422"] = error("The Idempotency-Key was used before with another body.");
    }
    if matches!(Access::of(endpoint.path()), Access::Read) {
        responses["404"] = error("There is no such thing.");
        // A deletion may take as long as it takes.
        if !matches!(endpoint, Endpoint::Delete) {
            responses["504"] = error("The answer takes too long.");
        }
    }
    responses
}

fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let object = json!({ "type": "object" });
    let time =
        json!({ "type": ["string", "integer"], "description": "RFC 3339, or whole milliseconds; now when left out." });
    let groups = json!({ "type": "object", "additionalProperties": text });
    let changes = ["properties", "set_once", "add", "append", "union"].map(|name| (name, object.clone()));
    let line = |required: &[&str], fields: Vec<(&str, Value)>| {
        let properties: Map<String, Value> =
            fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
        json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
    };
    let user = ("distinct_id", text.clone());
    let time = ("timestamp", time);
    let mut identify = vec![user.clone(), time.clone()];
    identify.extend(changes.clone());
    let mut group = vec![user.clone(), ("group_type", text.clone()), ("group_key", text.clone()), time.clone()];
    group.extend(changes);
    let track = vec![
        user.clone(),
        ("event", text.clone()),
        time.clone(),
        ("insert_id", text.clone()),
        ("groups", groups),
        ("properties", object),
    ];
    json!({
        "Track": line(&["distinct_id", "event"], track),
        "Identify": line(&["distinct_id"], identify),
        "Group": line(&["group_type", "group_key"], group),
        "Alias": line(&["distinct_id", "alias"], vec![user, ("alias", text.clone()), time]),
        "Received": {
            "type": "object",
            "required": ["accepted", "duplicate", "refused"],
            "properties": {
                "accepted": { "type": "integer" },
                "duplicate": { "type": "integer" },
                "refused": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["index", "reason"],
                        "properties": { "index": { "type": "integer" }, "reason": text },
                    },
                },
                "error": text,
            },
        },
        "Error": { "type": "object", "required": ["error"], "properties": { "error": text } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere_and_every_address_is_there() {
        let document = document();
        let text = document.to_string();
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
        }
        for endpoint in Endpoint::ALL {
            let operation = &document["paths"][endpoint.path()][endpoint.method()];
            assert_eq!(operation["operationId"], format!("{endpoint:?}"));
        }
    }

    #[test]
    fn what_is_taken_has_an_example_that_is_taken() {
        use crate::input::{Kind, parse_line, parse_object};
        use crate::saved::{DashboardChange, NewDashboard, NewReport, ReportChange};
        for endpoint in Endpoint::ALL {
            let sent = example(endpoint);
            let bytes = sent.to_string().into_bytes();
            let is_taken = match endpoint {
                Endpoint::Track => parse_object(Kind::Track, &bytes).is_ok(),
                Endpoint::Identify => parse_object(Kind::Identify, &bytes).is_ok(),
                Endpoint::Group => parse_object(Kind::Group, &bytes).is_ok(),
                Endpoint::Alias => parse_object(Kind::Alias, &bytes).is_ok(),
                Endpoint::Batch => parse_line(sent["batch"][0].to_string().as_bytes()).is_ok(),
                Endpoint::Report => crate::language::Report::parse(&sent.to_string()).is_ok(),
                Endpoint::SaveReport => serde_json::from_slice::<NewReport>(&bytes).is_ok(),
                Endpoint::ChangeReport => serde_json::from_slice::<ReportChange>(&bytes).is_ok(),
                Endpoint::NewDashboard => serde_json::from_slice::<NewDashboard>(&bytes).is_ok(),
                Endpoint::ChangeDashboard => serde_json::from_slice::<DashboardChange>(&bytes).is_ok(),
                // Tried over HTTP.
                Endpoint::ChangeSettings
                | Endpoint::DeclareGroupType
                | Endpoint::NewKey
                | Endpoint::PreviewDelete
                | Endpoint::Delete => sent.is_object(),
                _ => sent.is_null() && (!endpoint.is_post() || endpoint.has_no_body()),
            };
            assert!(is_taken, "{endpoint:?}");
        }
    }
}
