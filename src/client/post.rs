//! Posts one body over HTTP and reads the answer. Knows nothing of lines.

use super::body::Body;
use super::error::StartError;
use jiff::fmt::rfc2822;
use std::sync::Arc;
use std::time::Duration;
use ureq::Agent;
use ureq::http::{HeaderMap, HeaderValue, Uri, header};
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

/// Most bytes of an answer: a reason for every line of the largest batch.
const ANSWER_BYTES_MAX: u64 = 32 << 20;

/// An answer of whatever status.
#[derive(Debug)]
pub(super) struct Answer {
    /// HTTP's.
    pub status: u16,
    /// Asks for so much patience.
    pub retry_after: Option<Duration>,
    /// Whatever it holds.
    pub body: Vec<u8>,
}

/// Posts bodies to where batches go.
pub(super) trait Post: Send + 'static {
    /// Posts and waits for the whole answer, at most so long.
    ///
    /// # Errors
    /// The reason why there is no whole answer.
    fn post(&self, body: &Body, timeout: Duration) -> Result<Answer, String>;
}

/// Over the network.
pub(super) struct Http {
    agent: Agent,
    url: Uri,
    authorization: Option<HeaderValue>,
}

impl Http {
    /// Posts to `/v1/batch` below this address, with this key if it is not empty.
    ///
    /// # Errors
    /// When the address or the key is of no use.
    pub fn new(base: &str, write_key: &str) -> Result<Self, StartError> {
        let authorization = match write_key {
            "" => None,
            key if key.bytes().all(|byte| byte.is_ascii_graphic()) => {
                let mut value = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| StartError::Key)?;
                value.set_sensitive(true);
                Some(value)
            }
            _ => return Err(StartError::Key),
        };
        // Certificates are judged as the system judges them, so that a company's own are good too.
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            // A body is not sent elsewhere on an answer's word.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("trackcrumb/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { agent: config.new_agent(), url: batch_url(base)?, authorization })
    }
}

/// Where batches go, for the address of a server.
fn batch_url(base: &str) -> Result<Uri, StartError> {
    let wrong = |problem| StartError::Url { url: base.to_owned(), problem };
    let given: Uri = base.parse().map_err(|_| wrong("it cannot be read"))?;
    if !matches!(given.scheme_str(), Some("http" | "https")) {
        return Err(wrong("it does not begin with https:// or http://"));
    }
    if given.query().is_some() || base.contains('#') {
        return Err(wrong("it has a query or a fragment"));
    }
    if given.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        return Err(wrong("it names a user"));
    }
    let joined = format!("{}/v1/batch", base.trim_end_matches('/'));
    joined.parse().map_err(|_| wrong("it cannot be read"))
}

impl Post for Http {
    fn post(&self, body: &Body, timeout: Duration) -> Result<Answer, String> {
        let mut request = self
            .agent
            .post(self.url.clone())
            .config()
            .timeout_global(Some(timeout))
            .build()
            .header(header::CONTENT_TYPE, "application/x-ndjson");
        if let Some(key) = &body.key {
            request = request.header("Idempotency-Key", key);
        }
        if body.is_packed {
            request = request.header(header::CONTENT_ENCODING, "zstd");
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let failed = |error: ureq::Error| format!("the server cannot be reached: {error}");
        let mut response = request.send(&body.bytes[..]).map_err(failed)?;
        let bytes = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(failed)?;
        let retry_after = retry_after(response.headers());
        Ok(Answer { status: response.status().as_u16(), retry_after, body: bytes })
    }
}

/// What `Retry-After` asks for: seconds, or a date, which is compared with the server's own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = text(header::RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text: &str| rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let now = text(header::DATE).and_then(date).unwrap_or_else(jiff::Timestamp::now);
    Duration::try_from(date(asked)?.duration_since(now)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_checked() {
        for (base, url) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/batch"),
            ("https://stats.example.com/", "https://stats.example.com/v1/batch"),
            ("https://example.com/stats//", "https://example.com/stats/v1/batch"),
        ] {
            assert_eq!(batch_url(base).unwrap().to_string(), url);
        }
        for base in ["", "stats.example.com", "ftp://a", "http://", "https://u:p@a", "https://a/?x", "https://a/#x"] {
            assert!(matches!(batch_url(base), Err(StartError::Url { .. })), "{base}");
        }
        assert!(matches!(Http::new("https://a", "two words"), Err(StartError::Key)));
        assert!(matches!(Http::new("https://a", "line\n"), Err(StartError::Key)));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let ask = |retry: &str, date: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, retry.parse().unwrap());
            headers.insert(header::DATE, date.parse().unwrap());
            retry_after(&headers)
        };
        let now = "Sat, 03 Jan 2026 10:00:00 GMT";
        assert_eq!(ask("120", now), Some(Duration::from_secs(120)));
        assert_eq!(ask("Sat, 03 Jan 2026 10:01:30 GMT", now), Some(Duration::from_secs(90)));
        assert_eq!(ask("Sat, 03 Jan 2026 09:00:00 GMT", now), None);
        assert_eq!(ask("soon", now), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
