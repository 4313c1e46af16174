//! What a request for a certificate (PKCS #10, in PEM) says of who asks. Knows DER as far as that; checks no signature.

use std::net::IpAddr;

use crate::apimachinery::base64;

/// Who asks, and by which other names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Attributes of the subject, by the last number of their identifier (2.5.4.x), in their order.
    subject: Vec<(u8, String)>,
    pub dns_names: Vec<String>,
    pub email_addresses: Vec<String>,
    pub uris: Vec<String>,
    pub ip_addresses: Vec<String>,
}

/// The attributes of a subject that are told of: X.520's numbers.
pub const COMMON_NAME: u8 = 3;
pub const SERIAL_NUMBER: u8 = 5;
pub const LISTS: [(&str, u8); 7] = [
    ("Organization", 10),
    ("Organizational Unit", 11),
    ("Country", 6),
    ("Locality", 7),
    ("Province", 8),
    ("StreetAddress", 9),
    ("PostalCode", 17),
];

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
/// Context-specific, constructed: the attributes of a request.
const ATTRIBUTES: u8 = 0xa0;
/// 1.2.840.113549.1.9.14.
const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];
/// 2.5.29.17.
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

impl Request {
    /// Reads `spec.request`, which is PEM in base64.
    pub fn parse(encoded: &str) -> Option<Request> {
        let pem = String::from_utf8(base64::decode(encoded.as_bytes()).ok()?).ok()?;
        let start = pem.find("-----BEGIN CERTIFICATE REQUEST-----")?;
        let body = pem[start..].lines().skip(1).take_while(|l| !l.starts_with("-----")).map(str::trim);
        let der = base64::decode(body.collect::<String>().as_bytes()).ok()?;
        let (whole, _) = element(&der, SEQUENCE)?;
        let (info, _) = element(whole, SEQUENCE)?;
        let (_, _, rest) = any(info)?;
        let (names, rest) = element(rest, SEQUENCE)?;
        let (_, _, rest) = any(rest)?;
        let mut request = Request { subject: subject(names)?, ..Request::default() };
        if let Some((attributes, _)) = element(rest, ATTRIBUTES) {
            request.read_attributes(attributes);
        }
        Some(request)
    }

    /// The values of an attribute of the subject.
    pub fn of(&self, attribute: u8) -> Vec<&str> {
        self.subject.iter().filter(|(n, _)| *n == attribute).map(|(_, v)| v.as_str()).collect()
    }

    fn read_attributes(&mut self, attributes: &[u8]) -> Option<()> {
        for attribute in all(attributes, SEQUENCE) {
            let (id, values) = element(attribute, OBJECT_IDENTIFIER)?;
            if id != EXTENSION_REQUEST {
                continue;
            }
            let (values, _) = element(values, SET)?;
            let (extensions, _) = element(values, SEQUENCE)?;
            for extension in all(extensions, SEQUENCE) {
                let (id, rest) = element(extension, OBJECT_IDENTIFIER)?;
                // Whether it is critical may stand between.
                let value = element(rest, OCTET_STRING).or_else(|| element(any(rest)?.2, OCTET_STRING));
                if id == SUBJECT_ALT_NAME {
                    self.read_names(element(value?.0, SEQUENCE)?.0);
                }
            }
        }
        Some(())
    }

    fn read_names(&mut self, mut names: &[u8]) {
        while let Some((tag, value, rest)) = any(names) {
            let text = String::from_utf8_lossy(value).into_owned();
            match tag {
                0x81 => self.email_addresses.push(text),
                0x82 => self.dns_names.push(text),
                0x86 => self.uris.push(text),
                0x87 => self.ip_addresses.extend(address(value)),
                _ => {}
            }
            names = rest;
        }
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok().map(|ip| ip.to_string())
}

/// The attributes of a name that are X.520's.
fn subject(names: &[u8]) -> Option<Vec<(u8, String)>> {
    let mut subject = Vec::new();
    for set in all(names, SET) {
        for pair in all(set, SEQUENCE) {
            let (id, rest) = element(pair, OBJECT_IDENTIFIER)?;
            let (_, value, _) = any(rest)?;
            if let [0x55, 0x04, number] = id {
                subject.push((*number, String::from_utf8_lossy(value).into_owned()));
            }
        }
    }
    Some(subject)
}

/// The first element: its tag, its contents and what follows it.
fn any(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short if *short < 0x80 => (usize::from(*short), rest),
        long => {
            let count = usize::from(long & 0x7f);
            if count > 4 {
                return None;
            }
            let (digits, rest) = rest.split_at_checked(count)?;
            (digits.iter().fold(0, |sum, d| sum << 8 | usize::from(*d)), rest)
        }
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((*tag, contents, rest))
}

/// The first element, where it has this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    any(bytes).filter(|(t, ..)| *t == tag).map(|(_, contents, rest)| (contents, rest))
}

/// The elements, as far as they have this tag.
fn all(mut bytes: &[u8], tag: u8) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (contents, rest) = element(bytes, tag)?;
        bytes = rest;
        Some(contents)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
        let body = parts.concat();
        let length = u16::try_from(body.len()).unwrap();
        let mut out = vec![tag, 0x82];
        out.extend(length.to_be_bytes());
        out.extend(body);
        out
    }

    fn name(number: u8, text: &str) -> Vec<u8> {
        let pair = [der(OBJECT_IDENTIFIER, &[vec![0x55, 4, number]]), der(0x0c, &[text.into()])];
        der(SET, &[der(SEQUENCE, &pair)])
    }

    #[test]
    fn subjects_and_other_names_are_read() {
        let names = [der(0x82, &[b"a.example".to_vec()]), der(0x87, &[vec![10, 0, 0, 1]])];
        let alternative = [
            der(OBJECT_IDENTIFIER, &[SUBJECT_ALT_NAME.to_vec()]),
            der(1, &[vec![0xff]]),
            der(OCTET_STRING, &[der(SEQUENCE, &names)]),
        ];
        let extensions = der(SEQUENCE, &[der(SEQUENCE, &alternative)]);
        let attribute = [der(OBJECT_IDENTIFIER, &[EXTENSION_REQUEST.to_vec()]), der(SET, &[extensions])];
        let info = [
            der(2, &[vec![0]]),
            der(SEQUENCE, &[name(3, "jane"), name(10, "dev"), name(10, "ops")]),
            der(SEQUENCE, &[]),
            der(ATTRIBUTES, &[der(SEQUENCE, &attribute)]),
        ];
        let whole = base64::encode(&der(SEQUENCE, &[der(SEQUENCE, &info)]));
        let pem = format!("-----BEGIN CERTIFICATE REQUEST-----\n{whole}\n-----END CERTIFICATE REQUEST-----\n");
        let request = Request::parse(&base64::encode(pem.as_bytes())).unwrap();
        assert_eq!(request.of(COMMON_NAME), ["jane"]);
        assert_eq!(request.of(10), ["dev", "ops"]);
        assert_eq!(
            (request.dns_names, request.ip_addresses),
            (vec!["a.example".to_owned()], vec!["10.0.0.1".to_owned()])
        );
        assert_eq!(Request::parse("e30="), None);
    }
}
