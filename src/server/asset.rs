//! Files compiled into the binary, as answers that browsers may keep for a while and then ask whether they changed.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// For so long a browser does not ask again.
const FRESH: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// Which pages may use a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those of this server.
    SameOrigin,
    /// Those of every site.
    AnySite,
}

/// A file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asset {
    /// Its media type.
    pub media: &'static str,
    pub bytes: &'static [u8],
    pub reach: Reach,
}

impl Asset {
    /// The file, or that it has not changed.
    pub fn answer(&self, request: &HeaderMap) -> Response {
        let tag = format!("W/\"{}\"", &blake3::hash(self.bytes).to_hex()[..16]);
        let known = request.get(header::IF_NONE_MATCH).is_some_and(|sent| {
            let sent = sent.to_str().unwrap_or_default();
            sent.split(',').any(|one| one.trim() == tag || one.trim() == "*")
        });
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(header::CONTENT_TYPE, HeaderValue::from_static(self.media))], self.bytes).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, FRESH);
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        if self.reach == Reach::AnySite {
            let policy = HeaderName::from_static("cross-origin-resource-policy");
            headers.insert(policy, HeaderValue::from_static("cross-origin"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_sent_until_it_is_known() {
        let asset = Asset { media: "text/plain", bytes: b"x", reach: Reach::SameOrigin };
        let first = asset.answer(&HeaderMap::new());
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers()[header::ETAG].clone();
        for (sent, status) in [
            (tag.clone(), StatusCode::NOT_MODIFIED),
            (HeaderValue::from_static("W/\"0\", *"), StatusCode::NOT_MODIFIED),
            (HeaderValue::from_static("W/\"0\""), StatusCode::OK),
        ] {
            let request = HeaderMap::from_iter([(header::IF_NONE_MATCH, sent)]);
            assert_eq!(asset.answer(&request).status(), status);
        }
        let other = Asset { bytes: b"y", ..asset };
        assert_ne!(other.answer(&HeaderMap::new()).headers()[header::ETAG], tag);
    }
}
