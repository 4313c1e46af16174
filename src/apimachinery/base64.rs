//! Standard base64 as Go's encoding/base64 reads and writes it. Knows bytes only.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Go's CorruptInputError: the byte at which the text stops being base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("illegal base64 data at input byte {0}")]
pub struct CorruptInput(pub usize);

/// Decodes padded base64. Line breaks are skipped, and bits after the last byte are not looked at, as in Go.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, CorruptInput> {
    let mut rest = text.iter().enumerate().filter(|(_, b)| !b"\r\n".contains(b)).map(|(at, b)| (at, *b));
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    loop {
        let (mut group, mut taken) = (0_u32, 0);
        while taken < 4 {
            match rest.next() {
                None if taken == 0 => return Ok(out),
                // Go counts back over what it has taken, line breaks or not.
                None => return Err(CorruptInput(text.len() - taken)),
                Some((at, b'=')) => {
                    padding(text.len(), at, taken, &mut rest)?;
                    let bytes = (group << (6 * (4 - taken))).to_be_bytes();
                    out.extend_from_slice(&bytes[1..taken]);
                    return Ok(out);
                }
                Some((at, b)) => group = group << 6 | digit(b).ok_or(CorruptInput(at))?,
            }
            taken += 1;
        }
        out.extend_from_slice(&group.to_be_bytes()[1..]);
    }
}

fn digit(byte: u8) -> Option<u32> {
    let at = ALPHABET.iter().position(|b| *b == byte)?;
    u32::try_from(at).ok()
}

/// Checks what follows the first `=`, which was found at a place after `taken` digits of a group.
fn padding(
    end: usize,
    at: usize,
    taken: usize,
    rest: &mut impl Iterator<Item = (usize, u8)>,
) -> Result<(), CorruptInput> {
    if taken < 2 {
        return Err(CorruptInput(at));
    }
    if taken == 2 {
        match rest.next() {
            None => return Err(CorruptInput(end)),
            Some((_, b'=')) => {}
            Some((next, _)) => return Err(CorruptInput(next - 1)),
        }
    }
    rest.next().map_or(Ok(()), |(next, _)| Err(CorruptInput(next)))
}

/// Encodes with padding.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = ALPHABET[(group >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_where_go_finds_them() {
        let cases = [
            ("aGVsbG8=", Ok("hello")),
            ("aGVs\nbG8=\r\n", Ok("hello")),
            ("", Ok("")),
            ("aGk=", Ok("hi")),
            ("aA==", Ok("h")),
            ("aB==", Ok("h")),
            ("hello!", Err(5)),
            ("hello", Err(4)),
            ("aGVsbG8", Err(4)),
            ("a", Err(0)),
            ("=", Err(0)),
            ("a=", Err(1)),
            ("aA=", Err(3)),
            ("aA=x", Err(2)),
            ("aGk=x", Err(4)),
            ("a b=", Err(1)),
        ];
        for (text, want) in cases {
            let want = want.map(|t| t.as_bytes().to_vec()).map_err(CorruptInput);
            assert_eq!(decode(text.as_bytes()), want, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_encoded_is_decoded(bytes: Vec<u8>) {
            proptest::prop_assert_eq!(decode(encode(&bytes).as_bytes()), Ok(bytes));
        }
    }
}
