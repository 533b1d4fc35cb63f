//! What stands around every page.

use super::{Page, parts};
use crate::{
    auth::{Role, Via},
    server::{Ask, Failure, SCRIPT, STYLE},
    views::hidden,
};
use maud::{DOCTYPE, Markup, html};
use readmodel::keep::Behind;
use replay::when;
use url::form_urlencoded;
use words::Language;

/// Where the pipeline is set up, by those who may.
const SETUP: &str = "/setup";

/// The mapping is shown by the running programs, whom not everybody may ask.
const MAPPING: &str = "/mapping";

/// Address and name of each part of the desk.
const PLACES: [(&str, &str); 11] = [
    ("/", words::mark!("Overview")),
    ("/dead", words::mark!("page: Dead letters")),
    ("/customers", words::mark!("Customers")),
    ("/plans", words::mark!("Plans")),
    ("/rules", words::mark!("Rules")),
    ("/runs", words::mark!("Runs")),
    ("/wishes", words::mark!("Requests")),
    (MAPPING, words::mark!("page: Mapping")),
    ("/health", words::mark!("Health")),
    ("/audit", words::mark!("Audit log")),
    (SETUP, words::mark!("Set up")),
];

/// The role from which on a part is shown.
fn needed(place: &str) -> Role {
    match place {
        SETUP => Role::Admin,
        MAPPING => Role::Operator,
        _ => Role::Viewer,
    }
}

/// A whole page for somebody.
pub(crate) fn whole(ask: &Ask, page: Page) -> Markup {
    let path = ask.place.split('?').next().unwrap_or("/");
    let is_here = |place: &str| match place {
        "/" => path == "/",
        place => path.starts_with(place),
    };
    let live = page.live.then(|| format!("/live{}", ask.place));
    html! {
        (DOCTYPE)
        html lang=(tag()) {
            (head(&page.title))
            body {
                a .skip href="#main" { (words::text!("Skip to content")) }
                header .top {
                    a .brand href="/" { "OKKI" span { (words::text!("desk")) } }
                    nav aria-label=(words::text!("Parts of the desk")) {
                        @for (place, name) in PLACES {
                            @if ask.principal.may(needed(place)) {
                            a href=(place) aria-current=[is_here(place).then_some("page")] { (words::sense(name)) }
                            }
                        }
                    }
                    div .who {
                        (languages(&ask.place))
                        span { (ask.principal.name) " · " (ask.principal.role.told()) }
                        @if matches!(ask.principal.via, Via::Session | Via::Provider) {
                            (parts::form(ask, "/sign-out", html! {
                                button .plain { (words::text!("Sign out")) }
                            }))
                        }
                    }
                }
                main #main data-live-from=[live] { (behind(ask)) (page.body) }
                footer { (words::tr!("Times are in {}", when::zone_name())) }
            }
        }
    }
}

/// Since when what is shown may not be so any more: most pages are made from the read model.
pub(crate) fn behind(ask: &Ask) -> Markup {
    let behind = ask.model.behind();
    html! {
        div #behind data-live {
            @if let Some(behind) = behind { p .trouble role="status" { (stale(ask, &behind)) } }
        }
    }
}

fn stale(ask: &Ask, behind: &Behind) -> String {
    let as_of = match behind.as_of {
        Some(at) => words::tr!("As of {}: what has happened since is not shown.", when::time(at)),
        None => words::text!("What has happened lately is not shown.").to_owned(),
    };
    let why = match &behind.why {
        // It may name machines.
        Some(why) if hidden::reads_texts(&ask.principal) => {
            words::tr!("The account of events is not followed: {}", words::retold(why))
        }
        Some(_) => words::text!("The account of events is not followed.").to_owned(),
        None => words::text!("The account of events is still being read.").to_owned(),
    };
    format!("{as_of} {why}")
}

/// A page for somebody who was not let in, or who asked for something that is not to be had.
pub(crate) fn failed(failure: &Failure) -> Markup {
    let status = failure.status();
    let title = words::tr!("That did not work ({})", status.as_u16());
    bare(
        &title,
        &html! {
            h1 { (title) }
            p .trouble role="alert" { (failure.told()) }
            p { a href="/" { (words::text!("Back to the overview")) } }
        },
    )
}

/// A page without navigation.
pub(crate) fn bare(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(tag()) {
            (head(title))
            body .bare { main #main { (body) } }
        }
    }
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · OKKI" }
            link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
            link rel="stylesheet" href=(STYLE.as_str());
            script src=(SCRIPT.as_str()) defer {}
        }
    }
}

fn tag() -> &'static str {
    match words::current() {
        Language::Chinese => "zh-CN",
        Language::English => "en",
    }
}

/// The other language, by its own name.
pub(crate) fn languages(place: &str) -> Markup {
    let next: String = form_urlencoded::byte_serialize(place.as_bytes()).collect();
    let (to, name) = match words::current() {
        Language::Chinese => ("en", "English"),
        Language::English => ("zh", "中文"),
    };
    html! { a .language href=(format!("/language?to={to}&next={next}")) lang=(if to == "zh" { "zh-CN" } else { "en" }) { (name) } }
}
