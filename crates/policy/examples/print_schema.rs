//! Prints the JSON Schema of the configuration, as it is kept in `config/forebay.schema.json`.

fn main() {
    println!("{:#}", policy::json_schema());
}
