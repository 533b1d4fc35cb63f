//! `/sign-in`.

use super::layout;
use maud::{Markup, html};

/// Asks for name and password.
pub(crate) fn page(next: &str, problem: Option<&str>) -> Markup {
    let title = words::text!("Sign in");
    let body = html! {
        h1 { "OKKI" span { (words::text!("desk")) } }
        form .sign-in method="post" action="/sign-in" {
            input type="hidden" name="next" value=(next);
            @if let Some(problem) = problem { p .trouble role="alert" { (problem) } }
            label { span { (words::text!("Name")) } input name="name" required autocomplete="username" autofocus; }
            label { span { (words::text!("Password")) } input name="password" type="password" required autocomplete="current-password"; }
            button .primary { (title) }
        }
        p { (layout::languages(&super::parts::address("/sign-in", &[("next", next)]))) }
    };
    layout::bare(title, &body)
}
