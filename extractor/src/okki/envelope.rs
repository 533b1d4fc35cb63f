//! Turns an HTTP answer into data or into the one error that says what to do (docs/okki-api.md §2, §3).
//!
//! Pure: status, `Retry-After` and body in, [`Answer`] or [`Error`] out, so that every odd answer has a table row
//! in the tests below.

use super::{
    decode::{Members, unmarked},
    error::{Error, Outage},
    time,
};
use serde_json::value::RawValue;
use std::time::Duration;

/// A successful answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// The `data` member as received, an object or (for code lists) an array.
    pub data: Box<RawValue>,
    /// The server's clock, unix seconds.
    pub now: Option<i64>,
    /// Its headers say that no call is left.
    pub closes: bool,
}

/// Reads the answer of a resource call.
pub(super) fn read(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Result<Answer, Error> {
    let envelope = accepted(status, retry_after, body)?;
    let data = envelope
        .raw("data")
        .filter(|data| data.get().starts_with(['{', '[']));
    let data = data.ok_or_else(|| Error::Shape(words::tr!("`data` is missing or no object")))?;
    Ok(Answer {
        data: data.to_owned(),
        now: envelope.text("now").as_deref().and_then(time::parse),
        closes: false,
    })
}

/// The members of an answer that says yes.
pub(super) fn accepted(
    status: u16,
    retry_after: Option<Duration>,
    body: &[u8],
) -> Result<Members<'_>, Error> {
    let envelope = Members::read(body);
    match (status, &envelope) {
        (429, _) => return Err(Error::RateLimited { retry_after }),
        (408 | 500.., _) => return Err(Outage::Status { status, retry_after }.into()),
        (_, Ok(envelope)) => refusal(status, retry_after, envelope)?,
        (401, Err(_)) => {
            return Err(Error::Auth {
                code: "401".to_owned(),
                message: words::tr!("http status 401"),
            });
        }
        (200..=299, Err(_)) if unmarked(body).trim_ascii().is_empty() => {
            return Err(Outage::Bodyless { status }.into());
        }
        (_, Err(_)) => {
            return Err(Error::Garbled(words::tr!(
                "http status {status}, {}",
                describe(body)
            )));
        }
    }
    envelope.map_err(|error| Error::Shape(error.to_string()))
}

/// Sorts what a well-formed answer says about failure.
fn refusal(status: u16, retry_after: Option<Duration>, envelope: &Members<'_>) -> Result<(), Error> {
    let code = envelope.first_text(&["code", "error"]);
    let code = code.as_deref();
    let message = envelope.first_text(&["message", "msg", "error_description", "error"]);
    let message = message.unwrap_or_default();
    let message: String = message.chars().take(200).collect();
    let lower = message.to_lowercase();
    let named = |fallback: &str| code.unwrap_or(fallback).to_owned();
    if lower.contains("no permission") && lower.contains("scope") {
        return Err(Error::Permission {
            code: named("scope"),
            message,
        });
    }
    match (code, status) {
        (_, 401) | (Some("401" | "access_denied" | "invalid_token"), _) => Err(Error::Auth {
            code: named("401"),
            message,
        }),
        // A refusal that says when to come again is no lack of permission.
        (_, 403) | (Some("403"), _) if retry_after.is_some() => Err(Error::RateLimited { retry_after }),
        (_, 403) | (Some("403"), _) => Err(Error::Permission {
            code: named("403"),
            message,
        }),
        (Some("429"), _) => Err(Error::RateLimited { retry_after }),
        (Some(code), _) if is_final(code, &lower) => Err(Error::Business {
            code: code.to_owned(),
            message,
        }),
        (Some("404"), _) | (None, 404) => Err(Error::NotFound { message }),
        (Some(code), _) if is_server_error(code) => Err(Outage::Envelope {
            code: code.to_owned(),
            message,
            retry_after,
        }
        .into()),
        (None | Some("0" | "200"), 200..=299) => Ok(()),
        (code, status) => {
            let code = code.filter(|code| !matches!(*code, "0" | "200"));
            Err(Outage::Unknown {
                code: code.map_or_else(|| status.to_string(), str::to_owned),
                message,
                retry_after,
            }
            .into())
        }
    }
}

/// The refusals that are known to be about the request, whenever it is made (docs/okki-api.md §3). Any other code may mean
/// that the server is busy.
fn is_final(code: &str, message: &str) -> bool {
    let known: &[&str] = match code {
        "400" => &["invalid query", "invalid data json", "empty post request"],
        "404" => &["validate error", "cannot be empty"],
        "-1" => &["分组不存在"],
        _ => &[],
    };
    known.iter().any(|text| message.contains(text))
}

fn is_server_error(code: &str) -> bool {
    code == "server_error" || matches!(code.parse(), Ok(500..=599))
}

/// Says what a body is without repeating it: bodies may hold customers' data.
fn describe(body: &[u8]) -> String {
    let text = unmarked(body).trim_ascii_start();
    let kind = match text.first() {
        None => words::text!("an empty body"),
        Some(b'<') => words::text!("an HTML or XML page instead of JSON"),
        Some(b'{' | b'[') => words::text!("damaged or unknown JSON"),
        Some(_) => words::text!("text instead of JSON"),
    };
    words::tr!("{kind} ({} bytes)", body.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Result<Answer, Error> {
        super::read(status, Some(Duration::from_secs(2)), body.as_bytes())
    }

    #[test]
    fn success_has_three_codes() {
        for code in [
            "",
            r#""code":0,"#,
            r#""code":200,"#,
            r#""code":200.0,"#,
            r#""code":"200","#,
            r#""code":null,"#,
            r#""code":404,"code":200,"#,
            r#""message":null,"msg":"ok","error":"","#,
        ] {
            let answer = read(
                200,
                &format!(r#"{{{code}"now":"2025-11-06 00:08:47","data":{{"a": 1}}}}"#),
            )
            .unwrap();
            assert_eq!(
                (answer.data.get(), answer.now),
                (r#"{"a": 1}"#, Some(1_762_358_927))
            );
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_an_answer() {
        let answer = read(200, "\u{feff}{\"code\":200,\"data\":{\"a\": 1}}").unwrap();
        assert_eq!(answer.data.get(), r#"{"a": 1}"#);
        let refused = read(200, "\u{feff}{\"code\":404,\"message\":\"No Privilege\"}").unwrap_err();
        assert_eq!(refused.code(), "okki-not-found");
        let garbled = read(200, "\u{feff}<html>").unwrap_err();
        assert!(garbled.to_string().contains("HTML"), "{garbled}");
    }

    #[test]
    fn refusals_are_sorted_by_what_to_do() {
        let table = [
            (
                200,
                r#"{"code":404,"message":"Not Found Resource"}"#,
                "okki-not-found",
            ),
            (200, r#"{"code":404,"message":"No Privilege"}"#, "okki-not-found"),
            (
                404,
                r#"{"code":404,"message":"Not Found Resource"}"#,
                "okki-not-found",
            ),
            (
                200,
                r#"{"code":404,"message":"Input data validate error: count"}"#,
                "okki-refused",
            ),
            (200, r#"{"code":-1,"message":"分组不存在"}"#, "okki-refused"),
            (200, r#"{"code":-1,"message":"系统繁忙"}"#, "okki-unknown-code"),
            (200, r#"{"code":400,"message":"系统繁忙"}"#, "okki-unknown-code"),
            (200, r#"{"code":10086,"message":"x"}"#, "okki-unknown-code"),
            (200, r#"{"code":"E_LIMIT"}"#, "okki-unknown-code"),
            (200, r#"{"error":"temporarily_unavailable"}"#, "okki-unknown-code"),
            (400, r#"{"message":"x"}"#, "okki-unknown-code"),
            (405, r#"{"code":200,"data":{}}"#, "okki-unknown-code"),
            (404, r#"{"message":"No Privilege"}"#, "okki-not-found"),
            (503, r#"{"code":200,"data":{}}"#, "okki-outage"),
            (400, r#"{"code":400,"message":"Invalid query"}"#, "okki-refused"),
            (
                200,
                r#"{"error":"access_denied","message":"expired"}"#,
                "okki-auth",
            ),
            (
                200,
                r#"{"code":"404","message":"Not Found Resource","msg":"x","message":"Not Found Resource"}"#,
                "okki-not-found",
            ),
            (200, r#"{"code":"500","msg":"x","message":null}"#, "okki-outage"),
            (401, "", "okki-auth"),
            (401, r#"{"code":200}"#, "okki-auth"),
            (200, r#"{"code":401,"message":"x"}"#, "okki-auth"),
            (
                200,
                r#"{"code":400,"message":"no permission company scopes"}"#,
                "okki-permission",
            ),
            (
                403,
                r#"{"error":"x","message":"no permission company scopes"}"#,
                "okki-permission",
            ),
            (429, "<html>", "okki-rate-limited"),
            (
                200,
                r#"{"code":429,"message":"Too Many Requests"}"#,
                "okki-rate-limited",
            ),
            (502, "<html>bad gateway</html>", "okki-outage"),
            (200, r#"{"code":500,"message":"system busy"}"#, "okki-outage"),
            (200, "<html>maintenance</html>", "okki-unreadable"),
            (404, "<html>nginx</html>", "okki-unreadable"),
            (200, "", "okki-unreadable"),
            (200, r#"{"code":200,"data":{"list":["#, "okki-unreadable"),
            (200, r#"{"code":200}"#, "okki-unexpected-shape"),
            (200, r#"{"code":200,"data":""}"#, "okki-unexpected-shape"),
            (200, "[1]", "okki-unreadable"),
        ];
        for (status, body, code) in table {
            assert_eq!(read(status, body).unwrap_err().code(), code, "{status} {body}");
        }
    }

    #[test]
    fn a_refusal_that_says_when_to_come_again_is_heard_whatever_its_code() {
        for (status, body) in [
            (429, ""),
            (503, ""),
            (403, r#"{"code":403,"message":"slow down"}"#),
            (200, r#"{"code":500,"message":"busy"}"#),
            (200, r#"{"code":10086,"message":"busy"}"#),
        ] {
            let error = read(status, body).unwrap_err();
            assert_eq!(
                error.retry_after(),
                Some(Duration::from_secs(2)),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn errors_never_repeat_the_body() {
        let error = read(200, "<html>Frau Muster, +49 123</html>").unwrap_err();
        assert_eq!(
            error.to_string(),
            "unreadable answer of okki: http status 200, an HTML or XML page instead of JSON (33 bytes)"
        );
    }
}
