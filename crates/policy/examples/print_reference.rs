//! Prints the policy reference, as it is kept in `docs/reference/policies.md`.

fn main() {
    print!("{}", policy::reference_markdown());
}
