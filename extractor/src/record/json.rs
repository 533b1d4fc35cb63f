//! An answer as a tree that has lost nothing but the blanks between its parts: members that come twice, their order, the
//! spelling of numbers, texts with bytes that are no UTF-8. No parser of values keeps these.

/// Deeper than any answer; a stack has an end.
const DEEPEST: usize = 200;

/// A value, as slices of the answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Node<'a> {
    /// Members in their order; keys are what stands between the quotes.
    Object(Vec<(&'a [u8], Node<'a>)>),
    Array(Vec<Node<'a>>),
    /// What stands between the quotes.
    Text(&'a [u8]),
    Number(&'a [u8]),
    /// `true`, `false`, `null`, and what some programs write for numbers that are none.
    Word(&'a [u8]),
}

/// Where an answer is no JSON, and why.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", words::tr!("{what} at byte {at}"))]
pub(crate) struct NotJson {
    what: &'static str,
    at: usize,
}

/// Reads a whole answer; a byte order mark before it is passed over.
pub(crate) fn parse(body: &[u8]) -> Result<Node<'_>, NotJson> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut reader = Reader { body, at: 0 };
    let node = reader.value(0)?;
    reader.blanks();
    if reader.at < body.len() {
        return Err(reader.error(words::text!("something behind the end")));
    }
    Ok(node)
}

struct Reader<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Node<'a>, NotJson> {
        if depth > DEEPEST {
            return Err(self.error(words::text!("nested too deep")));
        }
        self.blanks();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Node::Text(self.text()?)),
            Some(_) => self.bare(),
            None => Err(self.error(words::text!("the end is missing"))),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node<'a>, NotJson> {
        let mut members = Vec::new();
        self.at += 1;
        while self.another(b'}', members.is_empty())? {
            if self.peek() != Some(b'"') {
                return Err(self.error(words::text!("no name of a member")));
            }
            let key = self.text()?;
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(self.error(words::text!("no `:`")));
            }
            self.at += 1;
            members.push((key, self.value(depth + 1)?));
        }
        Ok(Node::Object(members))
    }

    fn array(&mut self, depth: usize) -> Result<Node<'a>, NotJson> {
        let mut items = Vec::new();
        self.at += 1;
        while self.another(b']', items.is_empty())? {
            items.push(self.value(depth + 1)?);
        }
        Ok(Node::Array(items))
    }

    /// Passes over a comma, or over the end.
    fn another(&mut self, end: u8, is_first: bool) -> Result<bool, NotJson> {
        self.blanks();
        match self.peek() {
            Some(byte) if byte == end => {
                self.at += 1;
                Ok(false)
            }
            Some(b',') if !is_first => {
                self.at += 1;
                self.blanks();
                Ok(true)
            }
            Some(_) if is_first => Ok(true),
            Some(_) => Err(self.error(words::text!("no `,`"))),
            None => Err(self.error(words::text!("the end is missing"))),
        }
    }

    fn text(&mut self) -> Result<&'a [u8], NotJson> {
        let start = self.at + 1;
        let mut end = start;
        loop {
            match self.body.get(end) {
                Some(b'"') => break,
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
                None => return Err(self.error(words::text!("a text has no end"))),
            }
        }
        self.at = end + 1;
        Ok(&self.body[start..end])
    }

    fn bare(&mut self) -> Result<Node<'a>, NotJson> {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let rest = &self.body[self.at..];
        let length = rest.iter().take_while(|byte| is_part(byte)).count();
        let word = &rest[..length];
        let node = match word {
            b"true" | b"false" | b"null" | b"NaN" | b"Infinity" | b"-Infinity" => Node::Word(word),
            [b'-' | b'0'..=b'9', ..]
                if word
                    .iter()
                    .all(|b| !b.is_ascii_alphabetic() || matches!(b, b'e' | b'E')) =>
            {
                Node::Number(word)
            }
            _ => return Err(self.error(words::text!("no value"))),
        };
        self.at += length;
        Ok(node)
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.body.get(self.at).copied()
    }

    const fn error(&self, what: &'static str) -> NotJson {
        NotJson { what, at: self.at }
    }
}

/// Writes what is open in a readable form, two blanks for each level.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
    depth: usize,
}

impl Writer {
    /// The text, with a last line feed.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.out.push(b'\n');
        self.out
    }

    pub(crate) const fn raw(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Brackets around parts that `each` writes, one a line.
    pub(crate) fn nested<T>(
        &mut self,
        brackets: [u8; 2],
        parts: &[T],
        mut each: impl FnMut(&mut Self, usize, &T),
    ) {
        self.out.push(brackets[0]);
        self.depth += 1;
        for (n, part) in parts.iter().enumerate() {
            if n > 0 {
                self.out.push(b',');
            }
            self.line();
            each(self, n, part);
        }
        self.depth -= 1;
        if !parts.is_empty() {
            self.line();
        }
        self.out.push(brackets[1]);
    }

    /// A text of which the inside is written already.
    pub(crate) fn quoted(&mut self, inner: &[u8]) {
        self.out.push(b'"');
        self.out.extend_from_slice(inner);
        self.out.push(b'"');
    }

    fn line(&mut self) {
        self.out.push(b'\n');
        self.out.resize(self.out.len() + 2 * self.depth, b' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(node: &Node<'_>, out: &mut Writer) {
        match node {
            Node::Object(members) => out.nested(*b"{}", members, |out, _, (key, node)| {
                out.quoted(key);
                out.raw().extend_from_slice(b": ");
                copied(node, out);
            }),
            Node::Array(items) => out.nested(*b"[]", items, |out, _, node| copied(node, out)),
            Node::Text(inner) => out.quoted(inner),
            Node::Number(word) | Node::Word(word) => out.raw().extend_from_slice(word),
        }
    }

    #[test]
    fn nothing_but_blanks_is_lost() {
        let body = b"\xef\xbb\xbf{\"b\":1.10,\"a\":5.6e13,\"b\":-0,\"t\":\"\\ud83d\xff\",\"e\":{},\"l\":[[],NaN,null]} ";
        let mut out = Writer::default();
        copied(&parse(body).unwrap(), &mut out);
        let text = String::from_utf8_lossy(&out.finish()).replace(['\n', ' '], "");
        let expected = String::from_utf8_lossy(&body[3..body.len() - 1]).into_owned();
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        for (body, problem) in [
            ("{\"a\":1", "the end is missing at byte 6"),
            ("<html>", "no value at byte 0"),
            ("", "the end is missing at byte 0"),
            ("{\"a\" 1}", "no `:` at byte 5"),
            ("[1 2]", "no `,` at byte 3"),
            ("[1] x", "something behind the end at byte 4"),
            ("{\"a\":\"b", "a text has no end at byte 5"),
            ("{\"a\":\"b\\", "a text has no end at byte 5"),
            ("{a:1}", "no name of a member at byte 1"),
            ("[zhang]", "no value at byte 1"),
            ("[1zhang]", "no value at byte 1"),
        ] {
            assert_eq!(parse(body.as_bytes()).unwrap_err().to_string(), problem, "{body}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(parse(deep.as_bytes()).unwrap_err().what, "nested too deep");
    }
}
