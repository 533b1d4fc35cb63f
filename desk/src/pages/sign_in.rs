//! `/sign-in`.

use super::layout;
use maud::{Markup, html};

/// Asks for name and password, or sends people to their provider.
pub(crate) fn page(next: &str, problem: Option<&str>, provider: Option<&str>) -> Markup {
    let title = words::text!("Sign in");
    let body = html! {
        h1 { "OKKI" span { (words::text!("desk")) } }
        @if let Some(problem) = problem { p .trouble role="alert" { (problem) } }
        @if let Some(host) = provider { (elsewhere(next, host)) }
        form .sign-in method="post" action="/sign-in" {
            input type="hidden" name="next" value=(next);
            label { span { (words::text!("Name")) } input name="name" required autocomplete="username" autofocus; }
            label { span { (words::text!("Password")) } input name="password" type="password" required autocomplete="current-password"; }
            button .primary { (title) }
        }
        p { (layout::languages(&super::parts::address("/sign-in", &[("next", next)]))) }
    };
    layout::bare(title, &body)
}

/// Links, not forms: a browser would not let a form lead to another site.
fn elsewhere(next: &str, host: &str) -> Markup {
    let address = |other: &str| super::parts::address("/sign-in/oidc", &[("next", next), ("other", other)]);
    html! {
        div .sign-in .elsewhere {
            a .button .primary href=(address("")) { (words::tr!("Sign in with {host}")) }
            a href=(address("1")) { (words::text!("as somebody else")) }
        }
        p .or { (words::text!("or with a name of this desk")) }
    }
}
