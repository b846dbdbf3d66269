// Runs SQL in a file of DuckDB's own, with its default settings:
//     node duckdb.js FILE time|show STATEMENT...
// and prints the milliseconds, or the answer, of the last statement.  Those before
// it prepare: the file is opened anew each time, so they also warm it.
'use strict';

const { DuckDBInstance } = require('@duckdb/node-api');

async function main([file, what, ...statements]) {
    const connection = await (await DuckDBInstance.create(file)).connect();
    const last = statements.pop();

    for (const statement of statements)
        await connection.run(statement);
    const start = process.hrtime.bigint();
    const reader = await connection.runAndReadAll(last);
    const ms = Number(process.hrtime.bigint() - start) / 1e6;

    if (what === 'time')
        console.log(ms.toFixed(3));
    else
        for (const row of reader.getRows())
            console.log(row.join('|'));
}

main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
});
