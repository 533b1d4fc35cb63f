//! How OKKI writes a time: as documented, or as another version of the interface might one day.

use jiff::{Timestamp, tz::Offset};

use crate::simulator::clock::beijing;
use crate::simulator::settings::TimeForm;

/// The JSON of a time.
pub(super) fn shown(unix: i64, form: TimeForm) -> String {
    let at = Timestamp::from_second(unix).unwrap_or(Timestamp::UNIX_EPOCH);
    let local = |format: &str| {
        let local = Offset::constant(8).to_datetime(at);
        format!(r#""{}""#, local.strftime(format))
    };
    match form {
        TimeForm::Plain => format!(r#""{}""#, beijing(unix)),
        TimeForm::Offset => local("%Y-%m-%dT%H:%M:%S+08:00"),
        TimeForm::Utc => format!(
            r#""{}""#,
            Offset::UTC.to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        ),
        TimeForm::Millis => format!("{unix}000"),
        TimeForm::MillisText => format!(r#""{unix}000""#),
        TimeForm::Seconds => unix.to_string(),
        TimeForm::SecondsText => format!(r#""{unix}""#),
        TimeForm::Slashes => local("%Y/%m/%d %H:%M:%S"),
        TimeForm::Odd => local("%d. %b %Y, %-Hh%M"),
    }
}

/// The start of the span of Beijing's day in which a second lies; without a width the second.
pub(super) fn cut(unix: i64, seconds: i64) -> i64 {
    match seconds {
        ..=1 => unix,
        _ => (unix + 28_800).div_euclid(seconds) * seconds - 28_800,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_time_in_every_form() {
        let all = [
            (TimeForm::Plain, r#""2026-11-28 04:59:08""#),
            (TimeForm::Offset, r#""2026-11-28T04:59:08+08:00""#),
            (TimeForm::Utc, r#""2026-11-27T20:59:08.000Z""#),
            (TimeForm::Millis, "1795813148000"),
            (TimeForm::MillisText, r#""1795813148000""#),
            (TimeForm::Seconds, "1795813148"),
            (TimeForm::SecondsText, r#""1795813148""#),
            (TimeForm::Slashes, r#""2026/11/28 04:59:08""#),
            (TimeForm::Odd, r#""28. Nov 2026, 4h59""#),
        ];
        for (form, text) in all {
            assert_eq!(shown(1_795_813_148, form), text, "{form:?}");
        }
    }
}
