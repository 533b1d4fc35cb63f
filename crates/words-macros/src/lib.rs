//! `tr!`: a format string becomes a key of the catalogue, its placeholders become named arguments.
//!
//! Written without a parser crate, so that programs do not wait for one to be built: all that is read is the list of
//! arguments, split at its commas, and the placeholders of the first of them.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

mod placeholder;

use placeholder::{Placeholder, placeholders};

/// The text in the language of the reader: `tr!("{count} letters wait", count = n)`, with everything that `format!`
/// takes but widths from arguments. `{0}` without an argument is the field `_0` of an error (`thiserror`).
#[proc_macro]
pub fn tr(input: TokenStream) -> TokenStream {
    let span = Span::call_site();
    expand(input).unwrap_or_else(|problem| {
        let mut message = Literal::string(&problem);
        message.set_span(span);
        let body = TokenStream::from(TokenTree::Literal(message));
        [
            ident("compile_error", span),
            punct('!', span),
            group(Delimiter::Brace, body),
        ]
        .into_iter()
        .collect()
    })
}

struct Argument {
    name: Option<String>,
    value: TokenStream,
}

fn expand(input: TokenStream) -> Result<TokenStream, String> {
    let mut parts = split(input).into_iter();
    let first = parts.next().ok_or("a text is expected")?;
    let literal =
        literal(first).ok_or("the text must be a string literal: it is the key of the catalogue")?;
    let span = literal.span();
    let arguments: Vec<Argument> = parts.map(argument).collect();
    let found = placeholders(&literal.to_string())?;
    let mut values = TokenStream::new();
    let mut bindings = TokenStream::new();
    let mut list = TokenStream::new();
    let mut next = 0;
    for (index, Placeholder { name, spec }) in found.into_iter().enumerate() {
        let name = match name.is_empty() {
            true => {
                next += 1;
                (next - 1).to_string()
            }
            false => name,
        };
        let binding = format!("__text{index}");
        values.extend([
            punct('&', span),
            group(Delimiter::Parenthesis, value(&name, &arguments, span)?),
            punct(',', span),
        ]);
        bindings.extend([ident(&binding, Span::mixed_site()), punct(',', span)]);
        list.extend([entry(&name, &spec, &binding, span), punct(',', span)]);
    }
    Ok(call(literal, values, bindings, list, span))
}

/// `match (&(a), &(b),) { (x, y,) => ::words::text("…", &[("a", &format_args!("{}", x)), …]) }`
fn call(
    text: Literal,
    values: TokenStream,
    bindings: TokenStream,
    list: TokenStream,
    span: Span,
) -> TokenStream {
    let mut arguments = TokenStream::from(TokenTree::Literal(text));
    arguments.extend([
        punct(',', span),
        punct('&', span),
        group(Delimiter::Bracket, list),
    ]);
    let mut arm: TokenStream = [group(Delimiter::Parenthesis, bindings)].into_iter().collect();
    arm.extend(arrow(span));
    arm.extend(path(&["words", "text"], span));
    arm.extend([group(Delimiter::Parenthesis, arguments)]);
    [
        ident("match", span),
        group(Delimiter::Parenthesis, values),
        group(Delimiter::Brace, arm),
    ]
    .into_iter()
    .collect()
}

/// `("name", &::core::format_args!("{:spec}", binding))`
fn entry(name: &str, spec: &str, binding: &str, span: Span) -> TokenTree {
    let format = match spec.is_empty() {
        true => "{}".to_owned(),
        false => format!("{{:{spec}}}"),
    };
    let formatted: TokenStream = [
        TokenTree::Literal(Literal::string(&format)),
        punct(',', span),
        ident(binding, Span::mixed_site()),
    ]
    .into_iter()
    .collect();
    let mut body: TokenStream = [
        TokenTree::Literal(Literal::string(name)),
        punct(',', span),
        punct('&', span),
    ]
    .into_iter()
    .collect();
    body.extend(path(&["core", "format_args"], span));
    body.extend([punct('!', span), group(Delimiter::Parenthesis, formatted)]);
    group(Delimiter::Parenthesis, body)
}

/// What a placeholder stands for: the argument of its name or place, else the variable of its name.
fn value(name: &str, arguments: &[Argument], span: Span) -> Result<TokenStream, String> {
    let named = arguments
        .iter()
        .find(|argument| argument.name.as_deref() == Some(name));
    if let Some(argument) = named {
        return Ok(argument.value.clone());
    }
    let Ok(place) = name.parse::<usize>() else {
        return Ok(ident(name, span).into());
    };
    let mut unnamed = arguments.iter().filter(|argument| argument.name.is_none());
    match unnamed.nth(place) {
        Some(argument) => Ok(argument.value.clone()),
        None if arguments.is_empty() => Ok(ident(&format!("_{place}"), span).into()),
        None => Err(format!("there is no argument {place}")),
    }
}

fn argument(tokens: TokenStream) -> Argument {
    let all: Vec<TokenTree> = tokens.into_iter().collect();
    if let [TokenTree::Ident(name), TokenTree::Punct(equals), value @ ..] = &all[..]
        && equals.as_char() == '='
        && equals.spacing() == Spacing::Alone
    {
        return Argument {
            name: Some(name.to_string()),
            value: value.iter().cloned().collect(),
        };
    }
    Argument {
        name: None,
        value: all.into_iter().collect(),
    }
}

/// The arguments between the commas.
fn split(input: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for token in input {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => parts.push(TokenStream::new()),
            _ => {
                if let Some(part) = parts.last_mut() {
                    part.extend([token]);
                }
            }
        }
    }
    if parts.last().is_some_and(TokenStream::is_empty) {
        parts.pop();
    }
    parts
}

/// The one literal of these tokens; a macro that was given it as `$text:literal` has put it into a group.
fn literal(tokens: TokenStream) -> Option<Literal> {
    let mut tokens = tokens.into_iter();
    match (tokens.next()?, tokens.next()) {
        (TokenTree::Literal(literal), None) => Some(literal),
        (TokenTree::Group(group), None) if group.delimiter() == Delimiter::None => {
            self::literal(group.stream())
        }
        _ => None,
    }
}

fn path(names: &[&str], span: Span) -> TokenStream {
    let colons = |spacing| {
        let mut colon = Punct::new(':', spacing);
        colon.set_span(span);
        TokenTree::Punct(colon)
    };
    names
        .iter()
        .flat_map(|name| [colons(Spacing::Joint), colons(Spacing::Alone), ident(name, span)])
        .collect()
}

fn arrow(span: Span) -> [TokenTree; 2] {
    let mut equals = Punct::new('=', Spacing::Joint);
    equals.set_span(span);
    [TokenTree::Punct(equals), punct('>', span)]
}

fn ident(name: &str, span: Span) -> TokenTree {
    TokenTree::Ident(Ident::new(name, span))
}

fn punct(character: char, span: Span) -> TokenTree {
    let mut punct = Punct::new(character, Spacing::Alone);
    punct.set_span(span);
    TokenTree::Punct(punct)
}

fn group(delimiter: Delimiter, stream: TokenStream) -> TokenTree {
    TokenTree::Group(Group::new(delimiter, stream))
}
