//! Makes inputs of inputs: what somebody might send who means something else, or means harm.

use fastrand::Rng;

/// Makes the inputs of one target.
pub(crate) struct Mutator<'a> {
    corpus: &'a [Vec<u8>],
    words: &'a [&'a str],
}

/// The longest input, in bytes: larger than any field that is not refused by its size.
const LONGEST: usize = 4096;

/// Bytes that mean something in a field, and some that must not.
const TELLING: &[u8] = b",,;;==\"\"\\ \t\n\n:*-/%&?.W0123456789aAzZ\r\0\x7f\x80\xff";

/// Numbers at the edges of what readers hold.
const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "-1",
    "00",
    "59",
    "60",
    "99",
    "86400",
    "2147483647",
    "2147483648",
    "4294967296",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
];

// === impl Mutator ===

impl<'a> Mutator<'a> {
    /// One that begins with these inputs, and knows these words.
    pub(crate) const fn new(corpus: &'a [Vec<u8>], words: &'a [&'a str]) -> Self {
        Self { corpus, words }
    }

    /// The input of this number: the corpus as it is, and then what is made of it. The same seed and
    /// number give the same input, whichever were made before.
    pub(crate) fn input(&self, seed: u64, number: u64) -> Vec<u8> {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        if let Some(input) = self.corpus.get(index) {
            return input.clone();
        }
        let mut rng = Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut input = self.beginning(&mut rng);
        let mut edits = 1;
        while edits < 12 && rng.u8(..) < 160 {
            edits += 1;
        }
        for _ in 0..edits {
            self.edit(&mut input, &mut rng);
        }
        input.truncate(LONGEST);
        input
    }

    fn beginning(&self, rng: &mut Rng) -> Vec<u8> {
        match rng.u8(0..8) {
            // Words alone.
            0 => (0..rng.usize(1..12))
                .flat_map(|_| self.word(rng).as_bytes().to_vec())
                .collect(),
            // The beginning of one and the end of another.
            1 | 2 => {
                let (one, other) = (self.seed(rng), self.seed(rng));
                let (head, tail) = (rng.usize(..=one.len()), rng.usize(..=other.len()));
                [&one[..head], &other[tail..]].concat()
            }
            _ => self.seed(rng).to_vec(),
        }
    }

    fn edit(&self, input: &mut Vec<u8>, rng: &mut Rng) {
        let at = rng.usize(..=input.len());
        let to = (at + 1 + rng.usize(..8)).min(input.len());
        match rng.u8(0..13) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << rng.u8(0..8);
                }
            }
            1 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = telling(rng);
                }
            }
            2 => input.insert(at, telling(rng)),
            3 => drop(input.drain(at..to)),
            4 => input.truncate(at),
            5 => {
                let again = input[at..to].repeat(1 + rng.usize(..3));
                replace(input, at, at, &again);
            }
            6 => replace_number(input, at, number(rng).as_bytes()),
            7 => replace(input, at, to, self.word(rng).as_bytes()),
            8 => {
                // A stretch of another input.
                let other = self.seed(rng);
                let from = rng.usize(..=other.len());
                let end = (from + rng.usize(..32)).min(other.len());
                replace(input, at, at, &other[from..end]);
            }
            9 => self.exchange_line(input, at, rng),
            10 => echo_number(input, at, rng),
            _ => replace(input, at, at, self.word(rng).as_bytes()),
        }
    }

    /// Puts a line of another input in the place of one of this.
    fn exchange_line(&self, input: &mut Vec<u8>, at: usize, rng: &mut Rng) {
        let lines: Vec<&[u8]> = self.seed(rng).split(|byte| *byte == b'\n').collect();
        let Some(line) = rng.choice(&lines) else {
            return;
        };
        let ends = |byte: &u8| *byte == b'\n';
        let start = input[..at].iter().rposition(ends).map_or(0, |it| it + 1);
        let end = input[at..].iter().position(ends);
        let end = end.map_or(input.len(), |it| at + it);
        replace(input, start, end, line);
    }

    fn seed(&self, rng: &mut Rng) -> &'a [u8] {
        rng.choice(self.corpus).map_or(&[], Vec::as_slice)
    }

    fn word(&self, rng: &mut Rng) -> &'a str {
        rng.choice(self.words).copied().unwrap_or(",")
    }
}

fn telling(rng: &mut Rng) -> u8 {
    let any = rng.u8(..);
    rng.choice(TELLING).copied().unwrap_or(any)
}

fn number(rng: &mut Rng) -> &'static str {
    rng.choice(&NUMBERS).copied().unwrap_or("0")
}

/// Puts another number in the place of the first at or behind `at`.
fn replace_number(input: &mut Vec<u8>, at: usize, number: &[u8]) {
    let Some(start) = input[at..].iter().position(u8::is_ascii_digit) else {
        return;
    };
    let start = at + start;
    let digits = input[start..].iter().take_while(|it| it.is_ascii_digit());
    let end = start + digits.count();
    replace(input, start, end, number);
}

/// Repeats a number of the input elsewhere, or one that is larger or smaller by one: mistakes sit
/// where two numbers are almost the same.
fn echo_number(input: &mut Vec<u8>, at: usize, rng: &mut Rng) {
    let digits = |byte: &u8| !byte.is_ascii_digit();
    let numbers: Vec<u64> = input
        .split(digits)
        .filter_map(|text| std::str::from_utf8(text).ok()?.parse().ok())
        .collect();
    if let Some(number) = rng.choice(numbers) {
        let number = number.saturating_add(rng.u64(0..3)).saturating_sub(1);
        replace_number(input, at, number.to_string().as_bytes());
    }
}

fn replace(input: &mut Vec<u8>, from: usize, to: usize, with: &[u8]) {
    input.splice(from..to, with.iter().copied());
}
