//! What a call ends in, before it becomes HTTP: an answer, silence, or a reset connection.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use serde_json::Value;

/// Stands in a body for a byte that is no UTF-8.
pub(super) const BAD_BYTE: char = '\u{f8ff}';

/// An HTTP answer.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub status: u16,
    pub body: String,
    /// `Retry-After`, seconds or an HTTP date.
    pub retry_after: Option<String>,
    /// The vendor's own code, for the statistics; 0 = fine.
    pub code: i64,
    /// Calls that are left, and for how many seconds, as headers.
    pub left: Option<(u64, u64)>,
    /// `Location` of a redirect.
    pub location: Option<String>,
}

/// Stands in a recorded body for the byte 0x80; the others follow.
const RECORDED_BYTE: u32 = 0x10_f780;

fn bytes(body: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len());
    for char in body.chars() {
        match char as u32 {
            _ if char == BAD_BYTE => bytes.push(0xff),
            code @ RECORDED_BYTE..0x10_f800 => bytes.push((code - RECORDED_BYTE) as u8 + 0x80),
            _ => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// A recorded body as text that goes out as the same bytes.
pub(super) fn decoded(recorded: &[u8]) -> String {
    let mut body = String::with_capacity(recorded.len());
    for chunk in recorded.utf8_chunks() {
        body.push_str(chunk.valid());
        let stand_in = |byte: &u8| char::from_u32(RECORDED_BYTE + u32::from(*byte) - 0x80);
        body.extend(chunk.invalid().iter().filter_map(stand_in));
    }
    body
}

/// How a call ends.
#[derive(Debug)]
pub(super) enum Ending {
    Answer(Reply),
    /// Never answered; the client gives up, or the simulator stops.
    Hang,
    /// The connection is reset.
    Reset,
}

impl Reply {
    pub(super) fn json(status: u16, value: &Value) -> Reply {
        Reply {
            status,
            body: value.to_string(),
            retry_after: None,
            code: 0,
            left: None,
            location: None,
        }
    }

    pub(super) fn with_code(mut self, code: i64) -> Reply {
        self.code = code;
        self
    }

    /// A gateway's page: not the vendor's JSON.
    pub(super) fn gateway(status: u16) -> Reply {
        let body = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
        Reply {
            status,
            body,
            retry_after: None,
            code: i64::from(status),
            left: None,
            location: None,
        }
    }

    /// The same answer, cut in the middle.
    pub(super) fn cut(mut self) -> Reply {
        let mut half = self.body.len() / 2;
        while !self.body.is_char_boundary(half) {
            half -= 1;
        }
        self.body.truncate(half);
        self
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let json = !self.body.starts_with('<');
        let mut response = Response::new(Body::from(bytes(&self.body)));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = if json {
            "application/json; charset=utf-8"
        } else {
            "text/html"
        };
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
        if let Some(value) = self.retry_after.and_then(|text| text.parse().ok()) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        if let Some(value) = self.location.and_then(|text| text.parse().ok()) {
            response.headers_mut().insert(header::LOCATION, value);
        }
        if let Some((calls, seconds)) = self.left {
            let headers = response.headers_mut();
            headers.insert("x-ratelimit-remaining", calls.into());
            headers.insert("x-ratelimit-reset", seconds.into());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_body_goes_out_as_it_came() {
        for body in [
            "{\"a\": \"中\u{1f600}\"}".as_bytes(),
            b"\xff\xc3 \xe4\xb8 \x80",
            b"",
        ] {
            assert_eq!(bytes(&decoded(body)), body);
        }
        assert_eq!(bytes(&format!("a{BAD_BYTE}b")), b"a\xffb");
    }
}
