//! From an HTTP answer to a typed result: the one place that decides whether an outcome is known.

use serde::de::DeserializeOwned;

use super::codes::{self, Class};
use super::decode;
use super::types::{Refusal, Reply};

/// The vendor's texts are short; whatever is longer is an HTML page of something in between.
const LONGEST_MESSAGE: usize = 200;
/// Failures are small.
const LARGEST_FAILURE: usize = 4096;

/// What the body of a failure says.
struct Failure {
    code: u32,
    msg: String,
}

/// Judges an answer that arrived completely.
pub(crate) fn judge<T: DeserializeOwned>(status: u16, body: &[u8]) -> Reply<T> {
    let failure = || {
        let small = (body.len() < LARGEST_FAILURE).then_some(body)?;
        decode::failure(small).map(|(code, msg)| Failure { code, msg })
    };
    let refused = |class: Class| {
        let message = String::from_utf8_lossy(body);
        Reply::Refused(Refusal {
            code: 0,
            status,
            message: shorten(&message),
            class,
            times: 1,
        })
    };
    match status {
        // A success never carries a code; a page of rows need not be searched for one.
        // Gateways add the status as a code of their own.
        200..=299 => match failure().filter(|failure| failure.code != u32::from(status)) {
            Some(failure) => Reply::Refused(failure.refusal(status, None)),
            // The vendor is known to send empty success answers; without the answer nothing is certain.
            None => decode::success(body).map_or_else(
                || Reply::Unknown(words::tr!("http {status} with an answer that cannot be read")),
                Reply::Ok,
            ),
        },
        401 | 403 => match failure() {
            Some(failure) => Reply::Refused(failure.refusal(status, Some(Class::Stop))),
            None => refused(Class::Stop),
        },
        429 | 579 => refused(Class::Retry),
        413 => refused(Class::Row),
        400..=499 => match failure() {
            Some(failure) => Reply::Refused(failure.refusal(status, None)),
            // A wrong base URL or path; nothing of ours was understood.
            None if matches!(status, 404 | 405 | 410 | 501) => refused(Class::Configuration),
            None => Reply::Unknown(words::tr!("http {status} with an answer that cannot be read")),
        },
        300..=399 => refused(Class::Configuration),
        _ => Reply::Unknown(words::tr!("http {status}")),
    }
}

impl Failure {
    /// `least`: a class that the status alone demands unless the code is a documented one.
    fn refusal(self, status: u16, least: Option<Class>) -> Refusal {
        let documented = codes::is_documented(self.code);
        let class = match least {
            Some(class) if !documented => class,
            _ => codes::classify(self.code),
        };
        Refusal {
            code: self.code,
            status,
            message: shorten(&self.msg),
            class,
            times: 1,
        }
    }
}

fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    line.chars().take(LONGEST_MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use super::super::types::{BatchCreated, Page};
    use super::*;

    fn judged(status: u16, body: &str) -> String {
        match judge::<BatchCreated>(status, body.as_bytes()) {
            Reply::Ok(answer) => format!("ok {} {}", answer.success_count, answer.success_ids.len()),
            Reply::Refused(refusal) => format!("{:?} {}", refusal.class, refusal.label()),
            Reply::Unknown(_) => "unknown".to_owned(),
            Reply::Unsent(_) => "unsent".to_owned(),
        }
    }

    #[test]
    fn every_kind_of_answer_has_its_meaning() {
        for (status, body, expected) in [
            (
                200,
                r#"{"status":"success","success_count":2,"success_ids":["a","b"],"more":1}"#,
                "ok 2 2",
            ),
            (
                200,
                r#"{"status":"success","success_count":"2","success_ids":null,"code":0,"msg":null,"message":"ok"}"#,
                "ok 2 0",
            ),
            (400, r#"{"code":"3005","msg":"x","message":"x"}"#, "Row 3005"),
            (200, r#"{"code":"17018","msg":null}"#, "Stop 17018"),
            (200, r#"{"status":"success","success_count":2}"#, "ok 2 0"),
            (
                200,
                r#"{"status":"failure","code":4000,"message":"x"}"#,
                "Row 4000",
            ),
            (200, r#"{"code":4000,"message":"x"}"#, "Row 4000"),
            (
                200,
                r#"{"status":"success","success_count":1,"success_ids":["a"],"more":"\ud83d"}"#,
                "ok 1 1",
            ),
            (
                200,
                r#"{"code":200,"msg":"ok","status":"success","success_count":1,"success_ids":["a"]}"#,
                "ok 1 1",
            ),
            (
                201,
                r#"{"code":"201","status":"success","success_count":1,"success_ids":["a"]}"#,
                "ok 1 1",
            ),
            (200, "", "unknown"),
            (200, "{\"stat", "unknown"),
            (200, "<html>", "unknown"),
            (400, r#"{"code":3005,"msg":"x"}"#, "Row 3005"),
            (400, r#"{"code":8304,"msg":"x"}"#, "Retry 8304"),
            (400, r#"{"code":17018,"msg":"x"}"#, "Stop 17018"),
            (400, r#"{"code":123456,"msg":"x"}"#, "Row 123456"),
            (400, "<html>", "unknown"),
            (401, "", "Stop http-401"),
            (403, r#"{"code":424242,"msg":"x"}"#, "Stop 424242"),
            (403, r#"{"code":8304,"msg":"x"}"#, "Retry 8304"),
            (404, "not found", "Configuration http-404"),
            (413, "", "Row http-413"),
            (429, "", "Retry http-429"),
            (500, r#"{"code":1,"msg":"x"}"#, "unknown"),
            (502, "<html>", "unknown"),
            (503, "", "unknown"),
            (302, "", "Configuration http-302"),
        ] {
            assert_eq!(judged(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_long_page_is_cut_to_its_first_line() {
        let Reply::Refused(refusal) = judge::<Page>(404, "é".repeat(500).as_bytes()) else {
            panic!("refused")
        };
        assert_eq!(refusal.message.chars().count(), LONGEST_MESSAGE);
    }
}
