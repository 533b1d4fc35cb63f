//! Where notices go, and how often.

use crate::{
    setting::{ConfigError, Secret, SecretArg, parse_duration, positive_duration},
    settings,
};
use clap::{Args, ValueEnum};
use std::{path::PathBuf, time::Duration};
use url::Url;
use words::Language;

/// Flags of the notices.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Alert options")]
pub struct AlertArgs {
    /// Webhook of a robot (钉钉, 企业微信, 飞书), or any URL that takes JSON [default: no notices]
    #[arg(long, env = "ALERT_URL", hide_env_values = true, value_name = "URL")]
    pub alert_url: Option<Secret>,
    /// File that holds ALERT_URL
    #[arg(long, env = "ALERT_URL_FILE", value_name = "FILE")]
    pub alert_url_file: Option<PathBuf>,
    /// What listens at ALERT_URL [default: by its host, else generic]
    #[arg(long, env = "ALERT_KIND", value_enum, value_name = "KIND")]
    pub alert_kind: Option<AlertKind>,
    /// Language of the notices [default: Chinese for 钉钉, 企业微信 and 飞书, else English]
    #[arg(long, env = "ALERT_LANG", value_enum, value_name = "LANGUAGE")]
    pub alert_lang: Option<AlertLanguage>,
    /// Secret that notices are signed with (钉钉 加签, 飞书 签名校验; generic: HMAC in a header)
    #[arg(long, env = "ALERT_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub alert_secret: Option<Secret>,
    /// File that holds ALERT_SECRET
    #[arg(long, env = "ALERT_SECRET_FILE", value_name = "FILE")]
    pub alert_secret_file: Option<PathBuf>,
    /// Least time between two notices of a problem that goes on
    #[arg(long, env = "ALERT_EVERY", default_value = "1h", value_name = "DURATION")]
    pub alert_every: String,
    /// Outages shorter than this cause no notice
    #[arg(long, env = "ALERT_AFTER", default_value = "1m", value_name = "DURATION")]
    pub alert_after: String,
    /// A listing checkpoint older than this is a problem; write more than EVERY or the longest gap of CRON
    #[arg(
        long,
        env = "ALERT_CHECKPOINT_AGE",
        default_value = "1h",
        value_name = "DURATION"
    )]
    pub alert_checkpoint_age: String,
    /// This many dead letters of a stage are a problem of their own
    #[arg(long, env = "ALERT_DEAD_LETTERS", default_value_t = 100, value_name = "COUNT")]
    pub alert_dead_letters: u32,
}

/// What listens at the other end (`--alert-kind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AlertKind {
    /// Anything that takes our JSON; signed in the header `x-okki-signature: sha256=<hex>` when there is a secret.
    Generic,
    /// 钉钉 custom robot: `timestamp` and `sign` in the query.
    Dingtalk,
    /// 企业微信 group robot: the key in the URL is all.
    Wecom,
    /// 飞书 (Lark) custom robot: `timestamp` and `sign` in the body.
    Feishu,
}

/// What notices are written in (`--alert-lang`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AlertLanguage {
    /// 中文.
    Zh,
    /// English.
    En,
}

/// Checked settings.
#[derive(Debug, Clone)]
pub struct AlertConfig {
    /// `None`: no notices are sent.
    pub receiver: Option<Receiver>,
    /// Least time between two notices of one problem.
    pub every: Duration,
    /// How long an outage may be before people are notified.
    pub after: Duration,
    /// Oldest acceptable checkpoint; longer than the schedule's longest gap, or every gap is a problem.
    pub checkpoint_age: Duration,
    /// Dead letters of a stage that are too many.
    pub dead_letters: u32,
}

/// One webhook.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// Holds a token, so it is a secret.
    pub url: Secret,
    /// What listens there.
    pub kind: AlertKind,
    /// Signs, if there is one.
    pub secret: Option<Secret>,
    /// What notices are written in.
    pub language: Language,
}

impl Default for AlertConfig {
    fn default() -> Self {
        Self {
            receiver: None,
            every: Duration::from_secs(3600),
            after: Duration::from_secs(60),
            checkpoint_age: Duration::from_secs(3600),
            dead_letters: 100,
        }
    }
}

impl TryFrom<AlertArgs> for AlertConfig {
    type Error = ConfigError;

    fn try_from(args: AlertArgs) -> Result<Self, ConfigError> {
        let url = SecretArg::new(
            "ALERT_URL",
            args.alert_url.as_ref(),
            args.alert_url_file.as_deref(),
        );
        let secret = SecretArg::new(
            "ALERT_SECRET",
            args.alert_secret.as_ref(),
            args.alert_secret_file.as_deref(),
        );
        let after = parse_duration(args.alert_after.trim()).map_err(|problem| {
            ConfigError::new(
                "ALERT_AFTER",
                problem,
                words::tr!("write a duration such as 1m, or 0s"),
            )
        });
        settings! {
            url = url.optional();
            secret = match &url {
                Ok(Some(_)) => secret.optional(),
                _ => Ok(None),
            };
            receiver = match url.clone() {
                Ok(Some(url)) => {
                    let secret = secret.clone().unwrap_or_default();
                    receiver(url, args.alert_kind, args.alert_lang, secret).map(Some)
                }
                _ => Ok(None),
            };
            after = after;
            every = positive_duration("ALERT_EVERY", &args.alert_every);
            checkpoint_age = positive_duration("ALERT_CHECKPOINT_AGE", &args.alert_checkpoint_age);
        }
        drop((url, secret));
        Ok(Self {
            receiver,
            every,
            after,
            checkpoint_age,
            dead_letters: args.alert_dead_letters.max(1),
        })
    }
}

fn receiver(
    url: Secret,
    kind: Option<AlertKind>,
    language: Option<AlertLanguage>,
    secret: Option<Secret>,
) -> Result<Receiver, ConfigError> {
    let refuse = |problem: &str| {
        ConfigError::new(
            "ALERT_URL",
            problem,
            words::tr!("write the webhook's https:// address"),
        )
    };
    let parsed = Url::parse(url.expose()).map_err(|_| refuse(words::text!("is not a URL")))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(refuse(words::text!("must begin with https:// or http://")));
    }
    let host = parsed.host_str().unwrap_or_default();
    let kind = match kind {
        Some(kind) => kind,
        None if host.ends_with("dingtalk.com") => AlertKind::Dingtalk,
        None if host.ends_with("weixin.qq.com") => AlertKind::Wecom,
        None if host.ends_with("feishu.cn") || host.ends_with("larksuite.com") => AlertKind::Feishu,
        None => AlertKind::Generic,
    };
    if kind == AlertKind::Wecom && secret.is_some() {
        let problem = words::text!("is set, but 企业微信 robots are not signed");
        return Err(ConfigError::new(
            "ALERT_SECRET",
            problem,
            words::tr!("leave it away; the key is part of ALERT_URL"),
        ));
    }
    let language = match language {
        Some(AlertLanguage::Zh) => Language::Chinese,
        Some(AlertLanguage::En) => Language::English,
        None if kind == AlertKind::Generic => Language::English,
        None => Language::Chinese,
    };
    Ok(Receiver {
        url,
        kind,
        secret,
        language,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_decides_what_listens() {
        let kind = |url: &str| receiver(Secret::new(url), None, None, None).unwrap().kind;
        assert_eq!(
            kind("https://oapi.dingtalk.com/robot/send?access_token=x"),
            AlertKind::Dingtalk
        );
        assert_eq!(
            kind("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x"),
            AlertKind::Wecom
        );
        assert_eq!(
            kind("https://open.feishu.cn/open-apis/bot/v2/hook/x"),
            AlertKind::Feishu
        );
        assert_eq!(kind("http://alerts.internal/x"), AlertKind::Generic);
        let language = |url: &str, asked| receiver(Secret::new(url), None, asked, None).unwrap().language;
        assert_eq!(language("https://open.feishu.cn/x", None), Language::Chinese);
        assert_eq!(
            language("https://open.feishu.cn/x", Some(AlertLanguage::En)),
            Language::English
        );
        assert_eq!(language("http://alerts.internal/x", None), Language::English);
        let error = receiver(Secret::new("not a url"), None, None, None)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("ALERT_URL") && !error.contains("not a url;"),
            "{error}"
        );
    }
}
