//! Answers an order with its receipt: the event comes on standard input, and what is written to
//! standard output is the answer.

const std = @import("std");

const Order = struct { customer: []const u8, items: []const Item };
const Item = struct { name: []const u8, quantity: u64, cents: u64 };
const Receipt = struct { message: []const u8, lines: []const []const u8, total: []const u8 };

pub fn main(init: std.process.Init) !void {
    const arena = init.arena.allocator();
    const currency = init.environ_map.get("CURRENCY") orelse "";

    var input: [4096]u8 = undefined;
    var stdin = std.Io.File.stdin().readerStreaming(init.io, &input);
    const text = try stdin.interface.allocRemaining(arena, .unlimited);
    const order = std.json.parseFromSliceLeaky(Order, arena, text, .{ .ignore_unknown_fields = true }) catch |err| {
        // So that the invocation is known to have failed, and why.
        std.debug.print("not an order: {s}\n", .{@errorName(err)});
        std.process.exit(1);
    };

    var output: [4096]u8 = undefined;
    var stdout = std.Io.File.stdout().writerStreaming(init.io, &output);
    try std.json.Stringify.value(try receiptOf(arena, order, currency), .{}, &stdout.interface);
    try stdout.interface.flush();
}

fn receiptOf(arena: std.mem.Allocator, order: Order, currency: []const u8) !Receipt {
    const lines = try arena.alloc([]const u8, order.items.len);
    var total: u64 = 0;
    for (order.items, lines) |item, *line| {
        const cents = item.quantity * item.cents;
        line.* = try std.fmt.allocPrint(arena, "{d} x {s}: {d}.{d:0>2} {s}", .{
            item.quantity, item.name, cents / 100, cents % 100, currency,
        });
        total += cents;
    }
    return .{
        .message = try std.fmt.allocPrint(arena, "Thank you, {s}!", .{order.customer}),
        .lines = lines,
        .total = try std.fmt.allocPrint(arena, "{d}.{d:0>2} {s}", .{ total / 100, total % 100, currency }),
    };
}
