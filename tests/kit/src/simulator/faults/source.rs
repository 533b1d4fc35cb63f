//! What a source does not promise never to do: details of a replica that is behind, members of another form, refusals
//! that say for how long.

use jiff::{Timestamp, tz::Offset};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::simulator::clock::{beijing, from_beijing};
use crate::simulator::reply::Reply;

/// What is odd about an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oddity {
    /// Its headers say that no call is left for so many seconds.
    NothingLeft(u64),
    /// `list` is null, and the total stays.
    NullList,
    /// The listing shows nobody, and counts nobody.
    Nobody,
    /// `now` is another one by so many seconds.
    Clock(i64),
    /// Each row of a listing has this text before its id.
    IdsAfter(String),
    /// The ids of a listing are in full-width digits.
    WideIds,
    /// It points elsewhere.
    Redirect(String),
    /// The member of a bare answer has another value, as that of a token call.
    Bare(String, Value),
}

impl Reply {
    pub(crate) fn odd(mut self, how: &Oddity) -> Reply {
        match how {
            Oddity::NothingLeft(seconds) => {
                self.left = Some((0, *seconds));
                self
            }
            Oddity::NullList => self.changed(|answer| answer["data"]["list"] = Value::Null),
            Oddity::Nobody => self.changed(|answer| {
                answer["data"]["list"] = Value::Array(Vec::new());
                answer["data"]["totalItem"] = 0.into();
            }),
            Oddity::Clock(by_s) => self.changed(|answer| {
                let now = answer["now"].as_str().and_then(|text| from_beijing(text, false));
                if let Some(now) = now {
                    answer["now"] = beijing(now + by_s).into();
                }
            }),
            Oddity::IdsAfter(text) => self.ids(|id| format!("{text}{id}")),
            Oddity::WideIds => self.ids(|id| id.chars().map(wide).collect()),
            Oddity::Redirect(to) => Reply {
                location: Some(to.clone()),
                ..Reply::gateway(302)
            },
            Oddity::Bare(name, value) => self.changed(|answer| answer[name] = value.clone()),
        }
    }

    fn ids(self, change: impl Fn(&str) -> String) -> Reply {
        self.changed(|answer| {
            for row in answer["data"]["list"].as_array_mut().into_iter().flatten() {
                let id = row["company_id"].to_string();
                row["company_id"] = change(id.trim_matches('"')).into();
            }
        })
    }

    /// A detail whose update time lies before the one of the listing.
    pub(crate) fn older(self, by_s: i64) -> Reply {
        self.changed(|answer| {
            let time = &mut answer["data"]["update_time"];
            if let Some(at) = time.as_str().and_then(|text| from_beijing(text, false)) {
                *time = beijing(at - by_s).into();
            }
        })
    }

    /// The answer with another value for a member.
    pub(crate) fn with_member(self, name: &str, value: &Value) -> Reply {
        self.changed(|answer| match answer["data"]["list"].as_array_mut() {
            Some(rows) => rows.iter_mut().for_each(|row| row[name] = value.clone()),
            None => answer["data"][name] = value.clone(),
        })
    }

    /// A refusal that says when to come again.
    pub(crate) fn retry_later(status: u16, after_s: u64, date: bool) -> Reply {
        let value = match date {
            true => http_date(Timestamp::now().as_second().saturating_add_unsigned(after_s)),
            false => after_s.to_string(),
        };
        Reply {
            retry_after: Some(value),
            ..Reply::gateway(status)
        }
    }
}

/// `7` as `７`.
fn wide(digit: char) -> char {
    digit
        .to_digit(10)
        .and_then(|digit| char::from_u32(0xff10 + digit))
        .unwrap_or(digit)
}

fn http_date(unix: i64) -> String {
    let at = Timestamp::from_second(unix).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = Offset::UTC.to_datetime(at);
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn details_grow_older_and_members_change() {
        let detail = Reply::json(200, &json!({"data": {"update_time": "2026-11-28 04:59:08"}}));
        assert!(detail.clone().older(8).body.contains("2026-11-28 04:59:00"));
        assert!(
            detail
                .with_member("update_time", &json!(7))
                .body
                .contains(r#""update_time":7"#)
        );
        let list = Reply::json(200, &json!({"data": {"list": [{"a": 1}, {"a": 2}]}}));
        let changed: Value = serde_json::from_str(&list.with_member("a", &json!(null)).body).unwrap();
        assert_eq!(changed["data"]["list"], json!([{"a": null}, {"a": null}]));
        let list = Reply::json(
            200,
            &json!({"data": {"list": [{"company_id": 70}], "totalItem": 9}}),
        );
        let odd = |how| serde_json::from_str::<Value>(&list.clone().odd(&how).body).unwrap();
        assert_eq!(odd(Oddity::WideIds)["data"]["list"][0]["company_id"], "７０");
        assert_eq!(
            odd(Oddity::IdsAfter("X".into()))["data"]["list"][0]["company_id"],
            "X70"
        );
        assert_eq!(
            odd(Oddity::NullList)["data"],
            json!({"list": null, "totalItem": 9})
        );
        let bare = odd(Oddity::Bare("access_token".into(), json!("t")));
        assert_eq!(bare["access_token"], "t");
    }

    #[test]
    fn a_refusal_says_when_to_come_again() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        let refused = Reply::retry_later(503, 75, false);
        assert_eq!(
            (refused.status, refused.retry_after.as_deref()),
            (503, Some("75"))
        );
        assert!(
            Reply::retry_later(429, 75, true)
                .retry_after
                .unwrap()
                .ends_with(" GMT")
        );
    }
}
