//! CIM-XML replies of DDN storage controllers (SFA, WBEM).

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde::Serialize;
use stdx::reading::{Kind, Likelihood, Sample, Sink, Skip, SkipKind};

use super::text;

/// The reader of CIM-XML.
pub static KIND: Kind = Kind {
    name: "sfa-wbem",
    about: "CIM-XML replies of DDN SFA controllers",
    guess,
    read,
};

/// The value of a property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Property {
    /// The property is there without a value.
    None,
    /// One value.
    One(String),
    /// An array.
    Many(Vec<String>),
}

impl Property {
    /// The value, if there is exactly one.
    pub fn one(&self) -> Option<&str> {
        match self {
            Self::One(value) => Some(value),
            _ => None,
        }
    }
}

/// One instance of a CIM class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Instance {
    /// E.g. `DDN_SFAEnclosure`.
    pub class: String,
    /// Key bindings: what makes the instance itself within the controller.
    pub keys: BTreeMap<String, String>,
    /// Properties.
    pub properties: BTreeMap<String, Property>,
}

#[derive(Default)]
struct State {
    instances: Vec<Instance>,
    instance: Option<Instance>,
    keys: BTreeMap<String, String>,
    key: Option<String>,
    property: Option<(String, Property)>,
    value: Option<String>,
}

/// Reads every instance; one that is cut short is left out and told.
pub fn parse(input: &[u8]) -> (Vec<Instance>, Vec<Skip>) {
    let decoded = String::from_utf8_lossy(input);
    let mut reader = Reader::from_str(decoded.trim_start_matches(['\0', '\u{feff}']));
    let mut skips = Vec::new();
    let mut state = State::default();
    loop {
        let before = reader.buffer_position();
        match reader.read_event() {
            Ok(Event::Start(tag)) => state.start(&tag, &mut skips),
            Ok(Event::Empty(tag)) => {
                state.start(&tag, &mut skips);
                state.end(tag.name().as_ref());
            }
            Ok(Event::End(tag)) => state.end(tag.name().as_ref()),
            Ok(Event::Text(piece)) => state.text(&piece.decode().unwrap_or_default()),
            Ok(Event::CData(piece)) => state.text(&String::from_utf8_lossy(&piece)),
            Ok(Event::GeneralRef(name)) => {
                let char = name.resolve_char_ref().ok().flatten().map(String::from);
                let known = match &*name {
                    b"amp" => "&",
                    b"lt" => "<",
                    b"gt" => ">",
                    b"quot" => "\"",
                    b"apos" => "'",
                    _ => "",
                };
                state.text(char.as_deref().unwrap_or(known));
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => {
                skips.push(Skip::new(
                    line_at(&decoded, before),
                    SkipKind::BadValue,
                    format!("XML: {error}"),
                ));
                break;
            }
        }
    }
    if let Some(cut) = state.instance {
        let line = line_at(&decoded, reader.buffer_position());
        skips.push(Skip::new(
            line,
            SkipKind::Truncated,
            format!("the {} ends early", cut.class),
        ));
    }
    (state.instances, skips)
}

fn line_at(text: &str, position: u64) -> u64 {
    let end = usize::try_from(position)
        .unwrap_or(usize::MAX)
        .min(text.len());
    let lines = text.as_bytes()[..end].split(|&byte| byte == b'\n').count();
    u64::try_from(lines).unwrap_or(1)
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag
        .attributes()
        .flatten()
        .find(|one| one.key.as_ref() == name.as_bytes())?;
    Some(String::from_utf8_lossy(&found.value).into_owned())
}

impl State {
    fn start(&mut self, tag: &BytesStart<'_>, skips: &mut Vec<Skip>) {
        let named = |name: &str| attribute(tag, name).unwrap_or_default();
        match tag.name().as_ref() {
            b"INSTANCE" => {
                let keys = std::mem::take(&mut self.keys);
                self.instance = Some(Instance {
                    class: named("CLASSNAME"),
                    keys,
                    ..Instance::default()
                });
            }
            b"INSTANCENAME" => self.keys.clear(),
            b"KEYBINDING" => self.key = Some(named("NAME")),
            b"PROPERTY" => self.property = Some((named("NAME"), Property::None)),
            b"PROPERTY.ARRAY" => self.property = Some((named("NAME"), Property::Many(Vec::new()))),
            b"VALUE" | b"KEYVALUE" => self.value = Some(String::new()),
            b"ERROR" => {
                let told = format!("{} {}", named("CODE"), named("DESCRIPTION"));
                skips.push(Skip::new(1, SkipKind::ErrorText, told));
            }
            _ => {}
        }
    }

    fn text(&mut self, piece: &str) {
        if let Some(value) = &mut self.value {
            value.push_str(piece);
        }
    }

    fn end(&mut self, name: &[u8]) {
        match name {
            b"VALUE" => {
                let value = self.value.take().unwrap_or_default().trim().to_owned();
                match &mut self.property {
                    Some((_, Property::Many(values))) => values.push(value),
                    Some((_, property)) => *property = Property::One(value),
                    None => {}
                }
            }
            b"KEYVALUE" => {
                if let (Some(key), Some(value)) = (self.key.take(), self.value.take()) {
                    self.keys.insert(key, value.trim().to_owned());
                }
            }
            b"PROPERTY" | b"PROPERTY.ARRAY" => {
                if let (Some((name, property)), Some(instance)) =
                    (self.property.take(), &mut self.instance)
                {
                    instance.properties.insert(name, property);
                }
            }
            b"INSTANCE" => self.instances.extend(self.instance.take()),
            _ => {}
        }
    }
}

fn guess(sample: Sample<'_>) -> Likelihood {
    let text = sample.text();
    let cim = text.trim_start().starts_with('<') && text.contains("<CIM CIMVERSION");
    match (cim, text.contains("\"DDN_")) {
        (true, true) => 99,
        (true, false) => 80,
        _ => 0,
    }
}

fn read(input: &[u8], sink: &mut dyn Sink) {
    let (instances, skips) = parse(input);
    text::emit("sfa.instance", &instances, skips, sink);
}
