//! Where JSON text is wrong, in the words and with the offsets of Go's encoding/json scanner.
//!
//! Knows syntax only. Written as a state machine over bytes, as Go's is, so that nesting takes no stack.

/// Go's bound on nesting.
const MAX_DEPTH: usize = 10_000;

enum State {
    /// Where a value has to begin; the flag is for a list that may end here instead.
    Value(bool),
    /// Where a key has to begin; the flag is for an object that may end here instead.
    Key(bool),
    AfterKey,
    AfterValue,
}

/// `json: offset N: why` for what is wrong from `start` on; `None` when nothing is. Offsets are of the whole stream.
pub(super) fn error(text: &str, start: usize) -> Option<String> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: start, open: Vec::new() };
    match scanner.run() {
        Ok(()) => None,
        Err(Fault::End) => Some("unexpected EOF".to_owned()),
        Err(Fault::Byte(why)) => {
            let found = quote(scanner.bytes.get(scanner.at).copied().unwrap_or_default());
            Some(format!("json: offset {}: invalid character {found} {why}", scanner.at + 1))
        }
        Err(Fault::Depth) => Some(format!("json: offset {}: exceeded max depth", scanner.at + 1)),
    }
}

enum Fault {
    End,
    Byte(String),
    Depth,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The brackets that are open.
    open: Vec<u8>,
}

impl Scanner<'_> {
    fn run(&mut self) -> Result<(), Fault> {
        let mut state = State::Value(false);
        loop {
            state = match state {
                State::Value(may_end) => self.value(may_end)?,
                State::Key(may_end) => self.key(may_end)?,
                State::AfterKey => {
                    self.expect(b':', "after object key")?;
                    State::Value(false)
                }
                State::AfterValue if self.open.is_empty() => return Ok(()),
                State::AfterValue => self.after_value()?,
            };
        }
    }

    /// The next byte that is no white space.
    fn look(&mut self) -> Result<u8, Fault> {
        while self.bytes.get(self.at).is_some_and(|b| b" \t\r\n".contains(b)) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied().ok_or(Fault::End)
    }

    fn expect(&mut self, byte: u8, context: &str) -> Result<(), Fault> {
        if self.look()? != byte {
            return Err(Fault::Byte(context.to_owned()));
        }
        self.at += 1;
        Ok(())
    }

    fn value(&mut self, may_end: bool) -> Result<State, Fault> {
        match self.look()? {
            b']' if may_end => {
                self.at += 1;
                self.open.pop();
            }
            b @ (b'{' | b'[') => {
                self.open.push(b);
                if self.open.len() > MAX_DEPTH {
                    return Err(Fault::Depth);
                }
                self.at += 1;
                return Ok(if b == b'{' { State::Key(true) } else { State::Value(true) });
            }
            b'"' => self.string()?,
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => return Err(Fault::Byte("looking for beginning of value".to_owned())),
        }
        Ok(State::AfterValue)
    }

    fn key(&mut self, may_end: bool) -> Result<State, Fault> {
        match self.look()? {
            b'}' if may_end => {
                self.at += 1;
                self.open.pop();
                Ok(State::AfterValue)
            }
            b'"' => self.string().map(|()| State::AfterKey),
            _ => Err(Fault::Byte("looking for beginning of object key string".to_owned())),
        }
    }

    fn after_value(&mut self) -> Result<State, Fault> {
        let (found, in_list) = (self.look()?, self.open.last() == Some(&b'['));
        match (found, in_list) {
            (b',', true) => {
                self.at += 1;
                Ok(State::Value(false))
            }
            (b',', false) => {
                self.at += 1;
                Ok(State::Key(false))
            }
            (b']', true) | (b'}', false) => {
                self.at += 1;
                self.open.pop();
                Ok(State::AfterValue)
            }
            (_, true) => Err(Fault::Byte("after array element".to_owned())),
            (_, false) => Err(Fault::Byte("after object key:value pair".to_owned())),
        }
    }

    fn string(&mut self) -> Result<(), Fault> {
        loop {
            self.at += 1;
            match self.bytes.get(self.at).ok_or(Fault::End)? {
                b'"' => break,
                b'\\' => self.escape()?,
                b if *b < 0x20 => return Err(Fault::Byte("in string literal".to_owned())),
                _ => {}
            }
        }
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Fault> {
        self.at += 1;
        match self.bytes.get(self.at).ok_or(Fault::End)? {
            b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => Ok(()),
            b'u' => (0..4).try_for_each(|_| {
                self.at += 1;
                let digit = self.bytes.get(self.at).ok_or(Fault::End)?;
                let good = digit.is_ascii_hexdigit();
                if good { Ok(()) } else { Err(Fault::Byte("in \\u hexadecimal character escape".to_owned())) }
            }),
            _ => Err(Fault::Byte("in string escape code".to_owned())),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        for want in &word.as_bytes()[1..] {
            self.at += 1;
            if self.bytes.get(self.at).ok_or(Fault::End)? != want {
                return Err(Fault::Byte(format!("in literal {word} (expecting {})", quote(*want))));
            }
        }
        self.at += 1;
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.bytes[self.at] == b'-' {
            self.at += 1;
            self.digit("in numeric literal")?;
        }
        if self.bytes[self.at] == b'0' {
            self.at += 1
        } else {
            self.digits()
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digit("after decimal point in numeric literal")?;
            self.digits();
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digit("in exponent of numeric literal")?;
            self.digits();
        }
        Ok(())
    }

    fn digit(&self, context: &str) -> Result<(), Fault> {
        let found = self.bytes.get(self.at).ok_or(Fault::End)?;
        if found.is_ascii_digit() { Ok(()) } else { Err(Fault::Byte(context.to_owned())) }
    }

    fn digits(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
    }
}

/// A byte as Go shows it. Go takes a byte for a character, so what is beyond ASCII is shown byte by byte.
fn quote(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        b'\\' => r"'\\'".to_owned(),
        b'\n' => r"'\n'".to_owned(),
        b'\r' => r"'\r'".to_owned(),
        b'\t' => r"'\t'".to_owned(),
        0x07 => r"'\a'".to_owned(),
        0x08 => r"'\b'".to_owned(),
        0x0b => r"'\v'".to_owned(),
        0x0c => r"'\f'".to_owned(),
        0x20..=0x7e => format!("'{}'", char::from(byte)),
        0xa1..=0xff if byte != 0xad => format!("'{}'", char::from(byte)),
        _ if byte < 0x80 => format!("'\\x{byte:02x}'"),
        _ => format!("'\\u{byte:04x}'"),
    }
}
