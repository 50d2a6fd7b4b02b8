package example;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

public class Receipt {
    private final String order;
    private BigDecimal total = BigDecimal.ZERO;
    private final List<String> products = new ArrayList<>();
    private String note;
    private boolean large;
    private String request;
    private int served;

    public Receipt(String order) {
        this.order = order;
    }

    void add(Order.Line line) {
        total = total.add(line.price().multiply(BigDecimal.valueOf(line.quantity())));
        products.add(line.product());
        large |= line.size() == Order.Size.LARGE;
    }

    public String getOrder() {
        return order;
    }

    public BigDecimal getTotal() {
        return total;
    }

    public void setTotal(BigDecimal total) {
        this.total = total;
    }

    public List<String> getProducts() {
        return products;
    }

    public String getNote() {
        return note;
    }

    public void setNote(String note) {
        this.note = note;
    }

    public boolean isLarge() {
        return large;
    }

    public String getRequest() {
        return request;
    }

    public void setRequest(String request) {
        this.request = request;
    }

    public int getServed() {
        return served;
    }

    public void setServed(int served) {
        this.served = served;
    }
}
