//! YAML's scalars, and values in brackets: `[a, "b"]`, `{c: d}`.

use serde_json::{Map, Value};

use super::yaml::DEPTH_MAX;

/// Why text is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// More text may complete it.
    Unfinished,
    /// No text can.
    Form,
}

/// A value in brackets or quotes; a comment may follow it.
pub(crate) fn value(text: &str) -> Result<Value, Wrong> {
    let mut flow = Flow { rest: text };
    let found = flow.value(0)?;
    let rest = flow.rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') {
        Ok(found)
    } else {
        Err(Wrong::Form)
    }
}

/// A scalar without quotes.
pub(crate) fn plain(text: &str) -> Value {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_octal = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit()) && !is_octal;
    if is_number && let Ok(number) = text.parse::<i64>() {
        return Value::from(number);
    }
    if is_number && let Ok(number) = text.parse::<u64>() {
        return Value::from(number);
    }
    if is_number && let Ok(number) = text.parse::<f64>() {
        return Value::from(number);
    }
    Value::String(text.to_owned())
}

struct Flow<'a> {
    rest: &'a str,
}

impl Flow<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, Wrong> {
        self.rest = self.rest.trim_start();
        if depth > DEPTH_MAX {
            return Err(Wrong::Form);
        }
        match self.rest.chars().next().ok_or(Wrong::Unfinished)? {
            '[' => self.list(depth),
            '{' => self.mapping(depth),
            '"' => self.double().map(Value::String),
            '\'' => self.single().map(Value::String),
            _ => {
                let end = self.rest.find([',', ']', '}']).unwrap_or(self.rest.len());
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                Ok(plain(word))
            }
        }
    }

    fn take(&mut self, mark: char) -> bool {
        self.rest = self.rest.trim_start();
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn list(&mut self, depth: usize) -> Result<Value, Wrong> {
        self.take('[');
        let mut found = Vec::new();
        while !self.take(']') {
            found.push(self.value(depth + 1)?);
            self.separator(']')?;
        }
        Ok(Value::Array(found))
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Wrong> {
        self.take('{');
        let mut found = Map::new();
        while !self.take('}') {
            let key = self.key()?;
            let value = if self.take(':') {
                self.value(depth + 1)?
            } else {
                Value::Null
            };
            found.insert(key, value);
            self.separator('}')?;
        }
        Ok(Value::Object(found))
    }

    fn key(&mut self) -> Result<String, Wrong> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next().ok_or(Wrong::Unfinished)? {
            '"' => self.double(),
            '\'' => self.single(),
            _ => {
                let end = self.rest.find([':', ',', '}']).ok_or(Wrong::Unfinished)?;
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                Ok(word.trim().to_owned())
            }
        }
    }

    /// A comma, or the closing bracket, which stays.
    fn separator(&mut self, close: char) -> Result<(), Wrong> {
        if self.take(',') || self.rest.starts_with(close) {
            Ok(())
        } else if self.rest.is_empty() {
            Err(Wrong::Unfinished)
        } else {
            Err(Wrong::Form)
        }
    }

    /// Single quotes: only the quote itself is written twice.
    fn single(&mut self) -> Result<String, Wrong> {
        let mut whole = String::new();
        let mut rest = self.rest.strip_prefix('\'').unwrap_or(self.rest);
        loop {
            let (part, after) = rest.split_once('\'').ok_or(Wrong::Unfinished)?;
            whole.push_str(part);
            let Some(doubled) = after.strip_prefix('\'') else {
                self.rest = after;
                return Ok(whole);
            };
            whole.push('\'');
            rest = doubled;
        }
    }

    /// Double quotes: a backslash gives `n`, `t`, or the character behind it.
    fn double(&mut self) -> Result<String, Wrong> {
        let rest = self.rest.strip_prefix('"').unwrap_or(self.rest);
        let mut whole = String::new();
        let mut chars = rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &rest[at + 1..];
                    return Ok(whole);
                }
                '\\' => match chars.next().ok_or(Wrong::Unfinished)?.1 {
                    'n' => whole.push('\n'),
                    't' => whole.push('\t'),
                    other => whole.push(other),
                },
                _ => whole.push(c),
            }
        }
        Err(Wrong::Unfinished)
    }
}
