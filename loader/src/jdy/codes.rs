//! What each answer code of the vendor means for us, decided once (docs/jiandaoyun-api.md §3.2).
//!
//! Everything that reacts to a refusal asks [`classify`]; no other file compares codes, except the few constants
//! below that have a cure of their own.

use super::types::Refusal;

/// What to do about a definite refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Nothing is wrong with the request: send it again later.
    Retry,
    /// Something in the rows: split until the bad one stands alone.
    Row,
    /// The form, the mapping or our settings: pause until a person has changed something.
    Configuration,
    /// Key, permission, volume of the subscription: pause and raise an alert.
    Stop,
}

/// The record does not exist: a person deleted the row.
pub(crate) const RECORD_GONE: u32 = 4001;
/// Submission failed without a reason: worth one more try.
pub(crate) const SUBMISSION_FAILED: u32 = 4000;
/// The company's rate over all interfaces.
pub(crate) const RATE_COMPANY: u32 = 8303;
pub(crate) const RATE_ENDPOINT: u32 = 8304;
/// The transaction id was used before: look up the rows.
pub(crate) const TRANSACTION_EXISTS: u32 = 17026;

/// No such app, or none that this key may use: other apps can be asked for all the same.
pub(crate) const fn is_about_app(code: u32) -> bool {
    matches!(code, 2004 | 17053)
}

/// What somebody can do about a refusal who looks for a form.
pub(crate) fn remedy(refusal: &Refusal) -> &'static str {
    match (refusal.code, refusal.class) {
        (8301 | 17018, _) => words::text!("check JDY_API_KEY: 开放平台 → 密钥管理 shows the keys"),
        (8302 | 17054, _) => {
            words::text!("let the API key use the interfaces of apps, forms and data: 开放平台 → 密钥管理")
        }
        (17052, _) => words::text!("add this address to those of the API key: 开放平台 → 密钥管理"),
        (17053, _) => words::text!("let the API key use this app: 开放平台 → 密钥管理"),
        (2004 | 3000, _) => words::text!("`loader form --all` shows the apps and forms that there are"),
        (30002, _) => words::text!("take a form that the company has made itself"),
        (_, Class::Retry) => words::text!("try again in a minute"),
        (0, _) => words::text!("check JDY_BASE_URL and JDY_API_KEY"),
        (_, Class::Stop) => words::text!("look into the company's plan and the API key"),
        (_, Class::Row | Class::Configuration) => {
            words::text!("check the ids of app and form, and the API key's permission for both")
        }
    }
}

/// Code, class, the vendor's meaning in a few words.
pub(crate) const TABLE: &[(u32, Class, &str)] = &[
    (1, Class::Row, words::mark!("bad request or missing parameter")),
    (
        1010,
        Class::Configuration,
        words::mark!("member not found, usually data_creator"),
    ),
    (2004, Class::Configuration, words::mark!("the app does not exist")),
    (
        3000,
        Class::Configuration,
        words::mark!("the form does not exist"),
    ),
    (3005, Class::Row, words::mark!("invalid parameter")),
    (
        3042,
        Class::Configuration,
        words::mark!("a field alias failed validation"),
    ),
    (
        SUBMISSION_FAILED,
        Class::Row,
        words::mark!("data submission failed"),
    ),
    (RECORD_GONE, Class::Row, words::mark!("the record does not exist")),
    (4007, Class::Row, words::mark!("the workflow finds no approver")),
    (
        4012,
        Class::Retry,
        words::mark!("the form is busy with another batch edit"),
    ),
    (4042, Class::Row, words::mark!("delete failed")),
    (4402, Class::Row, words::mark!("aggregation-table check failed")),
    (
        4815,
        Class::Configuration,
        words::mark!("filter invalid or too long"),
    ),
    (5058, Class::Row, words::mark!("the workflow was started before")),
    (5059, Class::Row, words::mark!("the submitter was deleted")),
    (5060, Class::Configuration, words::mark!("not a workflow form")),
    (
        7103,
        Class::Stop,
        words::mark!("plan usage exceeded, system suspended"),
    ),
    (
        7206,
        Class::Stop,
        words::mark!("plan usage exceeded, system suspended"),
    ),
    (
        7212,
        Class::Stop,
        words::mark!("this month's data volume is used up"),
    ),
    (7216, Class::Stop, words::mark!("attachment volume exceeded")),
    (7217, Class::Stop, words::mark!("attachment volume exceeded")),
    (7218, Class::Stop, words::mark!("attachment volume exceeded")),
    (7219, Class::Stop, words::mark!("attachment volume exceeded")),
    (
        7221,
        Class::Stop,
        words::mark!("data added by API exceeds the plan"),
    ),
    (
        8017,
        Class::Stop,
        words::mark!("the company is missing or dissolved"),
    ),
    (8301, Class::Stop, words::mark!("key verification failed")),
    (
        8302,
        Class::Stop,
        words::mark!("the key has no permission for this interface"),
    ),
    (
        RATE_COMPANY,
        Class::Retry,
        words::mark!("the company is over its rate"),
    ),
    (
        RATE_ENDPOINT,
        Class::Retry,
        words::mark!("this interface is over its rate"),
    ),
    (8309, Class::Retry, words::mark!("this member is over its rate")),
    (
        9004,
        Class::Retry,
        words::mark!("the queue task could not be created"),
    ),
    (9007, Class::Retry, words::mark!("a lock could not be obtained")),
    (17017, Class::Row, words::mark!("invalid parameter")),
    (17018, Class::Stop, words::mark!("the API key is invalid")),
    (
        17023,
        Class::Row,
        words::mark!("more than 100 rows in a batch update"),
    ),
    (17024, Class::Row, words::mark!("more than 100 rows in a batch")),
    (17025, Class::Row, words::mark!("malformed transaction id")),
    (
        TRANSACTION_EXISTS,
        Class::Retry,
        words::mark!("the transaction id exists"),
    ),
    (17027, Class::Retry, words::mark!("file upload failed")),
    (
        17032,
        Class::Configuration,
        words::mark!("field type not supported"),
    ),
    (
        17033,
        Class::Row,
        words::mark!("more than 100 rows in a batch delete"),
    ),
    (
        17034,
        Class::Configuration,
        words::mark!("subform field type not supported"),
    ),
    (
        17052,
        Class::Stop,
        words::mark!("this address is not in the key's scope"),
    ),
    (
        17053,
        Class::Stop,
        words::mark!("this app is not in the key's scope"),
    ),
    (
        17054,
        Class::Stop,
        words::mark!("this interface is not in the key's scope"),
    ),
    (
        30002,
        Class::Configuration,
        words::mark!("a preset CRM form cannot be reached by API"),
    ),
];

/// The class of a code; one that is not documented is taken to be about the rows, because splitting then finds
/// out and costs one dead letter at most per row, while taking it for an outage would block the stage for ever.
pub(crate) fn classify(code: u32) -> Class {
    find(code).map_or(Class::Row, |(_, class, _)| *class)
}

/// Whether the code is documented; a refusal by HTTP status alone is clear, too.
pub(crate) fn is_documented(code: u32) -> bool {
    code == 0 || find(code).is_some()
}

/// The vendor's meaning in our words, for logs and dead letters.
pub(crate) fn meaning(code: u32) -> &'static str {
    find(code).map_or(words::text!("a code that is not documented"), |(_, _, text)| {
        words::said(text)
    })
}

fn find(code: u32) -> Option<&'static (u32, Class, &'static str)> {
    TABLE
        .binary_search_by_key(&code, |(known, _, _)| *known)
        .ok()
        .map(|at| &TABLE[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code of the reference's table with the reaction it prescribes, written a second time on purpose.
    #[test]
    fn every_documented_code_has_its_class() {
        let retry = [4012, 8303, 8304, 8309, 9004, 9007, 17026, 17027];
        let stop = [
            7103, 7206, 7212, 7216, 7217, 7218, 7219, 7221, 8017, 8301, 8302, 17018, 17052, 17053, 17054,
        ];
        let configuration = [1010, 2004, 3000, 3042, 4815, 5060, 17032, 17034, 30002];
        let row = [
            1, 3005, 4000, 4001, 4007, 4042, 4402, 5058, 5059, 17017, 17023, 17024, 17025, 17033,
        ];
        let mut seen = 0;
        for (codes, class) in [
            (&retry[..], Class::Retry),
            (&stop[..], Class::Stop),
            (&configuration[..], Class::Configuration),
            (&row[..], Class::Row),
        ] {
            for code in codes {
                assert_eq!(classify(*code), class, "code {code}");
                assert_ne!(meaning(*code), "a code that is not documented", "code {code}");
                seen += 1;
            }
        }
        assert_eq!(seen, TABLE.len(), "a code of the table has no expectation here");
    }

    #[test]
    fn the_table_is_sorted_because_it_is_searched_by_halves() {
        assert!(TABLE.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn an_unknown_code_is_about_the_rows() {
        assert_eq!(classify(999_999), Class::Row);
        assert_eq!(meaning(999_999), "a code that is not documented");
    }
}
