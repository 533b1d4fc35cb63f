//! What a receiver's refusal means, and what to do about it.

use super::config::AlertKind;
use crate::mask::printable;
use serde_json::Value;

/// Codes of a robot, parts of its sentence where one code means several things, and what to do.
type Known = (&'static [i64], &'static [&'static str], &'static str);

/// Whatever it says.
const ANY: &[&str] = &[""];
const ANOTHER_TOKEN: &str = words::mark!("copy the robot's webhook address again, its token is not known");
const ANOTHER_ROBOT: &str = words::mark!("the robot does not exist any more; add a new one to the group");
/// What no table knows.
const UNKNOWN: &str = words::mark!(
    "look this code up in the help page of custom robots; check ALERT_URL, ALERT_SECRET and the robot's security settings"
);
const TOO_MANY: &str = words::mark!(
    "the robot takes 20 messages a minute; wait some minutes, and raise ALERT_EVERY if it comes again"
);

/// 钉钉, as its page about custom robots has them.
const DINGTALK: &[Known] = &[
    (
        &[310_000],
        &["sign", "timestamp"],
        words::mark!(
            "set ALERT_SECRET to the secret of 加签 in the robot's security settings, and let NTP set this clock"
        ),
    ),
    (
        &[310_000],
        &["whitelist"],
        words::mark!("add this machine's public address to the robot's security settings (IP地址)"),
    ),
    (
        &[310_000],
        ANY,
        words::mark!(
            "the robot wants a keyword (自定义关键词) in every message: choose 加签 and ALERT_SECRET instead, or make NAMESPACE the keyword"
        ),
    ),
    (&[300_001, 300_005, 400_101], ANY, ANOTHER_TOKEN),
    (
        &[400_013],
        ANY,
        words::mark!("the group of this robot was dissolved; add a robot to another group"),
    ),
    (
        &[400_102],
        ANY,
        words::mark!("the robot is switched off; switch it on in the settings of the group"),
    ),
    (&[400_106], ANY, ANOTHER_ROBOT),
    (&[410_100, 130_101], ANY, TOO_MANY),
];

/// 企业微信.
const WECOM: &[Known] = &[
    (
        &[93_000],
        ANY,
        words::mark!("copy the robot's webhook address again, its key is not known"),
    ),
    (&[45_009], ANY, TOO_MANY),
    (
        &[45_033],
        ANY,
        words::mark!("too many calls at a time; wait a minute"),
    ),
];

/// 飞书.
const FEISHU: &[Known] = &[
    (&[19_001], ANY, ANOTHER_TOKEN),
    (&[19_005], ANY, ANOTHER_ROBOT),
    (
        &[19_021],
        ANY,
        words::mark!(
            "set ALERT_SECRET to the secret of 签名校验 in the robot's security settings, and let NTP set this clock"
        ),
    ),
    (
        &[19_022],
        ANY,
        words::mark!("add this machine's public address to the robot's security settings (IP 白名单)"),
    ),
    (
        &[19_024],
        ANY,
        words::mark!(
            "the robot wants a keyword (自定义关键词) in every message: choose 签名校验 and ALERT_SECRET instead, or make NAMESPACE the keyword"
        ),
    ),
    (
        &[11_232],
        ANY,
        words::mark!("the robot takes five messages a second; wait a minute"),
    ),
    (
        &[9_499],
        ANY,
        words::mark!("the robot does not understand the message; is ALERT_KIND right?"),
    ),
];

/// An answer by its status alone, with what to do about it.
pub(super) fn of_status(kind: AlertKind, status: u16) -> String {
    let remedy = match (kind, status) {
        (_, 300..400) => {
            words::text!("notices follow no redirect; set ALERT_URL to the address that it leads to")
        }
        (AlertKind::Generic, 401 | 403) => {
            words::text!("the receiver does not admit us; check ALERT_SECRET and the token in ALERT_URL")
        }
        (_, 401 | 403) => words::text!(
            "the robot does not admit us; copy its webhook address again, and check ALERT_SECRET and its security settings"
        ),
        (_, 404 | 405 | 410) => words::text!("nobody takes notices at this address; copy ALERT_URL again"),
        (_, 429) => {
            words::text!("it takes fewer notices; wait some minutes, and raise ALERT_EVERY if it comes again")
        }
        (_, 400..500) => words::text!("the receiver does not understand the notice; is ALERT_KIND right?"),
        _ => words::text!("the receiver has failed; try again later, and look into its log if it goes on"),
    };
    words::sentences(&[&format!("HTTP {status}"), remedy])
}

/// Robots answer 200 and put the refusal into the body.
pub(super) fn of(kind: AlertKind, answer: &[u8]) -> Option<String> {
    let name = match kind {
        AlertKind::Generic => return None,
        AlertKind::Dingtalk | AlertKind::Wecom => "errcode",
        AlertKind::Feishu => "code",
    };
    let said: Value = serde_json::from_slice(answer).unwrap_or_default();
    let code = said.get(name).or_else(|| said.get("StatusCode"));
    let Some(code) = code.and_then(Value::as_i64) else {
        return Some(words::tr!(
            "with `{}` instead of a code; does ALERT_URL belong to a robot, and is ALERT_KIND right?",
            beginning(answer)
        ));
    };
    let text = said.get("errmsg").or_else(|| said.get("msg"));
    let text = text.and_then(Value::as_str).unwrap_or(words::text!("no text"));
    let shown = printable(text).replace('\n', " ");
    let remedy = remedy(kind, code, text).unwrap_or(UNKNOWN);
    (code != 0).then(|| words::sentences(&[&words::of(code, shown), words::said(remedy)]))
}

/// What an answer begins with, as a terminal may show it.
fn beginning(answer: &[u8]) -> String {
    const MOST: usize = 80;
    let text = String::from_utf8_lossy(answer);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    printable(&line).chars().take(MOST).collect()
}

fn remedy(kind: AlertKind, code: i64, text: &str) -> Option<&'static str> {
    let known = match kind {
        AlertKind::Generic => return None,
        AlertKind::Dingtalk => DINGTALK,
        AlertKind::Wecom => WECOM,
        AlertKind::Feishu => FEISHU,
    };
    let text = text.to_ascii_lowercase();
    let is_it =
        |(codes, parts, _): &&Known| codes.contains(&code) && parts.iter().any(|part| text.contains(part));
    known.iter().find(is_it).map(|(_, _, remedy)| *remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn robots_refuse_in_the_body_of_an_answer_with_200() {
        let refusal = |kind, body: &str| of(kind, body.as_bytes());
        assert_eq!(
            refusal(AlertKind::Dingtalk, r#"{"errcode":0,"errmsg":"ok"}"#),
            None
        );
        assert_eq!(
            refusal(AlertKind::Dingtalk, r#"{"errcode":1,"errmsg":"x"}"#),
            Some(format!("1: x; {UNKNOWN}"))
        );
        assert_eq!(refusal(AlertKind::Feishu, r#"{"StatusCode":0}"#), None);
        let page = refusal(AlertKind::Wecom, "<html>\u{1b}[31m\n 404").unwrap_or_default();
        assert!(
            page.starts_with("with `<html>\u{fffd}[31m 404` instead of a code"),
            "{page}"
        );
        let coloured = refusal(
            AlertKind::Wecom,
            r#"{"errcode":1,"errmsg":"\u001b[31mred\nline"}"#,
        );
        assert_eq!(coloured, Some(format!("1: \u{fffd}[31mred line; {UNKNOWN}")));
        assert_eq!(refusal(AlertKind::Generic, ""), None);
    }

    #[test]
    fn known_refusals_come_with_what_to_do() {
        let dingtalk = |text| remedy(AlertKind::Dingtalk, 310_000, text).unwrap();
        assert!(dingtalk("sign not match, more: [https://x]").contains("加签"));
        assert!(dingtalk("description:关键词不匹配;solution:请联系群管理员").contains("自定义关键词"));
        assert!(dingtalk("ip 1.2.3.4 not in whitelist").contains("IP地址"));
        assert!(remedy(AlertKind::Wecom, 93_000, "invalid webhook url").is_some());
        assert!(remedy(AlertKind::Feishu, 19_021, "sign match fail").is_some());
        assert_eq!(remedy(AlertKind::Feishu, 1, "x"), None);
    }

    #[test]
    fn every_refusal_says_what_to_do_in_either_language() {
        for kind in [AlertKind::Dingtalk, AlertKind::Wecom, AlertKind::Feishu] {
            let body = json!({ "errcode": 7, "code": 7, "errmsg": "x", "msg": "x" }).to_string();
            let told = || of(kind, body.as_bytes()).unwrap();
            assert_eq!(told(), format!("7: x; {UNKNOWN}"));
            let chinese = words::scoped(words::Language::Chinese, told);
            assert!(
                chinese.starts_with("7：x；") && chinese.contains("ALERT_SECRET"),
                "{chinese}"
            );
        }
        for status in [301, 400, 401, 403, 404, 410, 429, 500, 503] {
            for kind in [AlertKind::Generic, AlertKind::Wecom] {
                let told = || of_status(kind, status);
                assert!(told().len() > 30, "{}", told());
                let chinese = words::scoped(words::Language::Chinese, told);
                assert!(chinese.starts_with(&format!("HTTP {status}；")), "{chinese}");
            }
        }
    }
}
